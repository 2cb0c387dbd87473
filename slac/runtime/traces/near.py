"""When the traces of integer keys ended, where these lie close together: a time at the place of each key.

Programs mostly number their traces, so that what has ended is a stretch of numbers that moves on. A place is read and
written at a tenth of what looking for a hash takes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from slac.runtime.operator import BEGINNING
from slac.runtime.traces.groups import Longs

_ROOM: Final = 1 << 14
_SPARSE: Final = 2
"""So many places for each number that is known, beside `_ROOM`."""


class Near:
    """Times (µs) from the number `_low` on; `BEGINNING` for a number that is not known."""

    def __init__(self) -> None:
        self._low, self._times = 0, np.empty(0, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def latest(self, numbers: Longs) -> Longs:
        """When the last trace of each ended; the beginning of time for one that is not known."""
        end = self._low + len(self._times)
        # Mostly all of them are behind those that have ended.
        if not len(numbers) or not self._count or int(numbers.min()) >= end:
            return np.full(len(numbers), BEGINNING)
        found = self._times.take(numbers - self._low, mode="clip")
        found[np.flatnonzero((numbers < self._low) | (numbers >= end))] = BEGINNING
        return found

    def add(self, numbers: Longs, times: Longs) -> bool:
        """Traces that ended; a number may stand several times. False, and nothing is kept, where they lie too far."""
        low, high = int(numbers.min()), int(numbers.max())
        if self._count:
            low, high = min(low, self._low), max(high, self._low + len(self._times) - 1)
        else:
            self._low, self._times = low, np.empty(0, np.int64)
        if high - low >= _ROOM + _SPARSE * (self._count + len(numbers)):
            return False
        self._grow(low, high)
        places = numbers - self._low
        self._count += int(np.count_nonzero(self._times.take(places) == BEGINNING))
        np.maximum.at(self._times, places, times)
        return True

    def forget(self, before: int) -> None:
        """Forget what ended before."""
        kept = np.flatnonzero(self._times >= before)
        self._count = len(kept)
        begin, end = (int(kept[0]), int(kept[-1]) + 1) if len(kept) else (0, 0)
        times = self._times[begin:end].copy()
        times[times < before] = BEGINNING
        self._low, self._times = self._low + begin, times

    def known(self) -> tuple[Longs, Longs]:
        """All numbers that are known, and their times."""
        places = np.flatnonzero(self._times > BEGINNING)
        return self._low + places, self._times[places]

    def _grow(self, low: int, high: int) -> None:
        """Have places for all from `low` to `high`."""
        have, ahead = len(self._times), self._low - low
        if ahead or high - low >= have:
            # A little more than is asked for: numbers mostly rise.
            times = np.full(max(high - low + 1, have + have // 4), BEGINNING)
            times[ahead : ahead + have] = self._times
            self._low, self._times = low, times
