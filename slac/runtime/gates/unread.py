"""From when to when in event time records were dropped before they were decoded, and how many each stood for.

Of a group of which nothing came then it cannot be known whether there was nothing, or whether all of it was dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from slac.runtime.gates.keys import Times, Weights
from slac.stream.batch import WEIGHT_ONE

MOST: Final = 2048
"""So many stretches are told apart: of more, the oldest are one, with the higher weight of them."""
_EVER: Final = 1 << 62


class Unread:
    """Stretches by event time (µs), the latest, each with the weight of what passed; `lateness` as of the input.

    A stretch begins behind the latest row before it, and ends with the first row after it; what came late in either
    counts to it. It begins on time behind what was promised by then: rows below it, that nothing dropped came before,
    may be worked on before or behind the decision.
    """

    def __init__(self, lateness: int) -> None:
        self._lateness = lateness
        self._stretches: list[list[int]] = []
        self._latest: int | None = None
        self._open = WEIGHT_ONE
        self._opened = self._promised = -_EVER

    def __bool__(self) -> bool:
        return bool(self._stretches) or self._open > WEIGHT_ONE

    def note(self, weight: int) -> None:
        """A weight that held since the latest row, though no row passed under it."""
        if weight > WEIGHT_ONE >= self._open:
            self._opened = max(self._before, self._promised)
        self._open = max(self._open, weight)

    def promise(self, watermark: int) -> None:
        """No row below this (µs) will come on time; what held until then is noted before."""
        self._promised = max(self._promised, watermark)

    def see(self, times: Times, weight: int) -> None:
        """Rows on time, in the order in which they came, that passed with a weight."""
        if not len(times):
            return
        before, latest = self._before, int(times.max())
        if weight > WEIGHT_ONE or self._open > WEIGHT_ONE:
            end = latest if weight > WEIGHT_ONE else int(times[0]) + self._lateness
            on_time = self._opened if self._open > WEIGHT_ONE else max(before, self._promised)
            self._add(before, max(end, before), max(weight, self._open), on_time)
        self._latest = latest if self._latest is None else max(latest, self._latest)
        self._open, self._opened = weight, self._before

    def highest(self, begins: Times, ends: Times, weight: int, *, on_time: bool = False) -> Weights:
        """The highest weight while each of some spans lasted; `weight`: what holds now, behind the latest row.

        `on_time`: of what was dropped that would not have been late.
        """
        found = np.full(len(begins), WEIGHT_ONE, np.uint64)
        stretches = self._stretches
        if max(weight, self._open) > WEIGHT_ONE:
            stretches = [*stretches, [self._before, _EVER, max(weight, self._open), self._opened]]
        if not stretches or not len(begins) or stretches[-1][1] < int(begins.min()):
            return found
        # Both ends ascend, so those that a span meets stand together; and few spans are different.
        since_all, until_all, weights, since_on_time = np.array(stretches, np.int64).T
        since_all = since_on_time if on_time else since_all
        spans = np.stack([np.searchsorted(until_all, begins), np.searchsorted(since_all, ends)], axis=1)
        for first, last in np.unique(spans, axis=0).tolist():
            if first < last:
                found[(spans == (first, last)).all(axis=1)] = weights[first:last].max()
        return found

    def on_time(self) -> Iterable[tuple[int, int, int]]:
        """Begin, end and weight of each stretch, as far as what was dropped would have come on time."""
        yield from ((since, until, weight) for _, until, weight, since in self._stretches)
        if self._open > WEIGHT_ONE:
            yield self._opened, _EVER, self._open

    def snapshot(self) -> list[object]:
        """What `restore` needs, JSON-able."""
        return [self._latest, self._open, [list(s) for s in self._stretches], self._opened, self._promised]

    def restore(self, state: Sequence[object]) -> None:
        """Take over a snapshot."""
        latest, weight, stretches, *more = state
        assert isinstance(weight, int)
        assert isinstance(stretches, Iterable)
        self._latest = latest if isinstance(latest, int) else None
        # A version before this one did not tell apart what would have been on time.
        self._open, self._stretches = weight, [[int(n) for n in (*s, s[0])[:4]] for s in stretches]
        self._opened, self._promised = (int(str(n)) for n in more or (self._before, -_EVER))

    @property
    def _before(self) -> int:
        """Below this all rows had come on time when the latest one had."""
        return -_EVER if self._latest is None else self._latest - self._lateness

    def _add(self, begin: int, end: int, weight: int, on_time: int) -> None:
        last = self._stretches[-1] if self._stretches else None
        if last is not None and max(begin, on_time) <= last[1] and weight == last[2]:
            last[1] = max(end, last[1])
            return
        if last is not None:
            begin, end, on_time = max(begin, last[0]), max(end, last[1]), max(on_time, last[3])
        self._stretches.append([begin, end, weight, on_time])
        if len(self._stretches) > MOST:
            oldest, following = self._stretches[:2]
            self._stretches[:2] = [[oldest[0], following[1], max(oldest[2], following[2]), oldest[3]]]
