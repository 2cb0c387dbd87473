"""Rows by key in which others end: each row adds what it is worth, and takes it away again when a window is over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slac.runtime.keyed.grouping import Longs, sorted_slots
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments


@dataclass(frozen=True, slots=True)
class Turns:
    """First those that leave, then those that come: `order` has them by slot and by the time of their turn.

    Of one instant those that leave are the first. `segments`: one a slot (`slots`); `gone`: how many of those up to
    each place leave; `left`, `came`: the places of those that leave and that come; `places`: where each row that comes
    is, as they stood.
    """

    order: Longs
    segments: Segments
    slots: Longs
    gone: Longs
    left: Longs
    came: Longs
    places: Longs

    def coming(self) -> tuple[Longs, Segments, Longs]:
        """The rows that come by slot and time, as segments, and the number (in `segments`) of each of these."""
        order, of = self.order[self.came] - len(self.left), self.segments.of[self.came]
        segments = Segments.of_sorted(of)
        return order, segments, of[segments.starts]


def turns(leaving: Rows, coming: Rows, size: int) -> Turns:
    """Both in the order of time; a row leaves `size` behind its time."""
    height = len(leaving) + len(coming)
    come = _upto(leaving.times, coming.times, size)
    come += np.arange(len(coming))
    is_leaving = np.ones(height, np.bool_)
    is_leaving[come] = False
    leave = np.flatnonzero(is_leaving)
    slots, mixed = np.empty(height, np.int64), np.empty(height, np.int64)
    slots[come], slots[leave] = coming.slots, leaving.slots
    mixed[come], mixed[leave] = np.arange(len(leaving), height), np.arange(len(leaving))
    order, of = sorted_slots(slots)
    order = mixed[order]
    is_leaving = order < len(leaving)
    came = np.flatnonzero(~is_leaving)
    places = np.empty(len(coming), np.int64)
    places[order[came] - len(leaving)] = came
    segments = Segments.of_sorted(of)
    gone = np.cumsum(is_leaving, dtype=np.int64)
    return Turns(order, segments, of[segments.starts], gone, np.flatnonzero(is_leaving), came, places)


def _upto(leaving: Longs, coming: Longs, size: int) -> Longs:
    """How many have left when each of those that come does; of one instant only the last is looked up."""
    if not len(leaving):
        return np.zeros(len(coming), np.int64)
    ends = np.append(np.flatnonzero(coming[1:] != coming[:-1]), len(coming) - 1)
    return np.repeat(np.searchsorted(leaving, coming[ends] - size, side="right"), np.diff(ends, prepend=-1))
