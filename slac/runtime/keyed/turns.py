"""Rows by key in which others end: each row adds what it is worth, and takes it away again when a window is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments

_SHORT: Final = 32


@dataclass(frozen=True, slots=True)
class Side:
    """Rows by slot and time (`order`); `starts`, `lengths`: those of each slot, of which some may have none."""

    order: Longs
    starts: Longs
    lengths: Longs


@dataclass(frozen=True, slots=True)
class Turns:
    """`slots`, ascending, with the rows that come to each and those that leave it.

    By `coming.order`: `gone`, how many by `leaving.order` are before; of one slot and instant those that leave are the
    first. `places`: where by `coming.order` each row that comes is.
    """

    slots: Longs
    coming: Side
    leaving: Side
    gone: Longs
    places: Longs

    def segments(self) -> tuple[Segments, Longs]:
        """The rows that come, a segment a slot that has any; and the numbers of these (in `slots`)."""
        some = np.flatnonzero(self.coming.lengths)
        starts, lengths = self.coming.starts[some], self.coming.lengths[some]
        return Segments(starts, starts + lengths - 1, np.repeat(np.arange(len(some)), lengths)), some

    def spread(self, values: Longs) -> Longs:
        """A value a slot → one a row that comes, by slot and time."""
        return np.repeat(values, self.coming.lengths)


def turns(leaving: Rows, coming: Rows, size: int) -> Turns:
    """Both in the order of time; a row leaves `size` behind its time."""
    height = len(leaving) + len(coming)
    bits = height.bit_length()
    come = _upto(leaving.times, coming.times, size)
    come += np.arange(len(coming))
    is_leaving = np.ones(height, np.bool_)
    is_leaving[come] = False
    # Slot and turn are one number: values are sorted faster than places.
    numbers = np.concatenate([leaving.slots, coming.slots])
    numbers <<= bits
    numbers |= np.concatenate([np.flatnonzero(is_leaving), come])
    numbers = _sorted(numbers)
    turn = numbers & ((1 << bits) - 1)
    numbers >>= bits
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    leaves = is_leaving.take(turn)
    came, left = np.flatnonzero(~leaves), np.flatnonzero(leaves)
    before = np.cumsum(is_leaving, dtype=np.int64)
    came_at, left_at = turn[came], turn[left]
    order = came_at - before[came_at]
    places = np.empty(len(coming), np.int64)
    places[order] = np.arange(len(order))
    gone = came - np.arange(len(came))
    return Turns(numbers[starts], _side(order, came, starts), _side(before[left_at] - 1, left, starts), gone, places)


def _side(order: Longs, places: Longs, starts: Longs) -> Side:
    begins = np.searchsorted(places, starts)
    return Side(order, begins, np.diff(begins, append=len(places)))


def _sorted(numbers: Longs) -> Longs:
    """Narrow numbers are sorted faster."""
    if int(numbers.max(initial=0)).bit_length() <= _SHORT:
        return np.sort(numbers.astype(np.uint32)).astype(np.int64)
    numbers.sort()
    return numbers


def _upto(leaving: Longs, coming: Longs, size: int) -> Longs:
    """How many have left when each of those that come does; of one instant only the last is looked up."""
    if not len(leaving):
        return np.zeros(len(coming), np.int64)
    ends = np.append(np.flatnonzero(coming[1:] != coming[:-1]), len(coming) - 1)
    return np.repeat(np.searchsorted(leaving, coming[ends] - size, side="right"), np.diff(ends, prepend=-1))
