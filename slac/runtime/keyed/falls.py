"""Rows in the order of time, told from the back: behind which of them the greatest code of their slot falls.

These are few: a row that leaves matters only where it is greater than all that follow it, and of n rows in any order
about ln n are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.segments import Segments, following_peaks_above
from slac.stream.places import sorted_slots

_FIRST: Final = 2048
"""So many rows are looked at before the others, where little is known of what follows."""
_FEW: Final = 8
"""One row in so many is few."""


@dataclass(frozen=True, slots=True)
class Falls:
    """`places` of rows, ascending, with their slots; behind each of them the greatest code of its slot is `left`."""

    places: Longs
    slots: Longs
    left: Longs

    def __len__(self) -> int:
        return len(self.places)

    @classmethod
    def joined(cls, parts: Sequence[Falls]) -> Falls:
        """One behind the other."""
        return cls(
            np.concatenate([one.places for one in parts]),
            np.concatenate([one.slots for one in parts]),
            np.concatenate([one.left for one in parts]),
        )

    def moved(self, by: int) -> Falls:
        """The same with so many rows before them."""
        return replace(self, places=self.places + by)

    def between(self, begin: int, end: int) -> Falls:
        """Those at places from `begin` on, before `end`."""
        if not len(self):
            return self
        part = slice(*np.searchsorted(self.places, (begin, end)).tolist())
        return Falls(self.places[part], self.slots[part], self.left[part])

    def left_of(self, slots: Longs, gone: Longs, before: Longs) -> Longs:
        """What is left of each of these slots when all at places below `gone` have left; `before`: where none falls."""
        bits = int(max(self.places[-1], gone.max(initial=0))).bit_length()
        numbers = self.slots << bits | self.places
        order = np.argsort(numbers)
        at = np.searchsorted(numbers.take(order), slots << bits | np.maximum(gone, 0)) - 1
        last = order.take(np.maximum(at, 0))
        return np.where((at >= 0) & (self.slots.take(last) == slots), self.left.take(last), before)


NO_FALLS: Final = Falls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))


def falls_of(codes: Longs, slots: Longs, known: Longs) -> Falls:
    """Of rows behind which the greatest code of each slot is `known`, which becomes that of the rows as well.

    Only rows above it are compared; where these are many, the last rows come first, and fewer are above those.
    """
    parts, end, size = [], len(codes), _FIRST
    while end:
        begin = 0
        above = np.flatnonzero(codes[:end] > known.take(slots[:end]))
        if end > size and _FEW * len(above) > end:
            begin = end - size
            above = above[np.searchsorted(above, begin) :]
        parts.append(_fallen(codes, slots, known, above))
        end, size = begin, 2 * size
    return parts[0] if len(parts) == 1 else Falls.joined([*parts[::-1], NO_FALLS])


def _fallen(codes: Longs, slots: Longs, known: Longs, rows: Longs) -> Falls:
    """Of these rows, all of which are above what is known."""
    if not len(rows):
        return NO_FALLS
    order, _ = sorted_slots(slots.take(rows))
    rows = rows.take(order)
    of = slots.take(rows)
    segments = Segments.of_sorted(of)
    mine, floors = codes.take(rows), known.take(of.take(segments.starts))
    following = following_peaks_above(mine, floors, segments)
    known[of.take(segments.starts)] = following.take(segments.starts)
    behind = np.append(following[1:], LOWEST)
    behind[segments.ends] = floors
    some = np.flatnonzero(mine > behind)
    some = some.take(np.argsort(rows.take(some)))
    return Falls(rows.take(some), of.take(some), behind.take(some))
