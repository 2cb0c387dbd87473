"""Times of the clock as instants: what some cron expressions give, together, wherever they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from cronsim import CronSim

from slac.plan.guards import Schedule
from slac.runtime.audits.slots import NEVER, Longs

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_STEP: Final = 64
_LAST: Final = 250_000_000_000 * _SECOND
"""Beyond this the calendar ends (the year 9892): nothing is due any more."""


class Timetable:
    """The instants (µs) of some schedules, ascending, each once; they are worked out where they are asked for.

    A time of day that the clock leaves out is the instant at which it goes on; one that it shows twice is the first.
    """

    def __init__(self, schedules: Sequence[Schedule]) -> None:
        self._parts = [_Part(s) for s in dict.fromkeys(schedules)]

    def from_(self, times: Longs) -> Longs:
        """The first instant that is not before each of these times; NEVER where there is none."""
        found = np.full(len(times), NEVER, np.int64)
        for part in self._parts if len(times) else ():
            found = np.minimum(found, part.from_(times))
        return found


class _Part:
    """The instants of one schedule in one stretch of time, which grows and moves with the questions."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._begin = self._end = 0
        self._instants = np.empty(0, np.int64)

    def from_(self, times: Longs) -> Longs:
        low, high = int(times.min()), min(int(times.max()), _LAST)
        if low < self._begin or low > self._end or not len(self._instants):
            self._begin = self._end = low
            self._instants = np.empty(0, np.int64)
        while self._end <= high:
            self._grow(high)
        at = np.searchsorted(self._instants, times, side="left")
        return np.append(self._instants, NEVER)[np.minimum(at, len(self._instants))]

    def _grow(self, until: int) -> None:
        """More instants behind what is known, some of them behind `until`."""
        # The library looks behind the second that it is given.
        begin = _EPOCH + timedelta(seconds=-(-self._end // _SECOND) - 1)
        found: list[int] = []
        for instant in CronSim(self._schedule.cron, begin.astimezone(ZoneInfo(self._schedule.zone))):
            found.append((instant - _EPOCH) // timedelta(microseconds=1))
            if len(found) >= _STEP and found[-1] > until:
                break
        fresh = np.array(found, np.int64)
        self._instants = np.concatenate([self._instants, fresh[fresh >= self._end]])
        self._end = int(self._instants[-1]) + 1 if found and found[-1] > until else NEVER
