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
    leave, come = _order(leaving.times, coming.times, size)
    height = len(leave) + len(come)
    # Slot, turn and side are one number: values are sorted faster than places.
    bits = height.bit_length() + 1
    numbers, turn = np.concatenate([leaving.slots, coming.slots]), np.concatenate([leave, come])
    numbers <<= bits
    turn <<= 1
    turn[len(leave) :] |= 1
    numbers |= turn
    numbers = _sorted(numbers)
    comes = (numbers & 1).astype(np.bool_)
    came, left = np.flatnonzero(comes), np.flatnonzero(~comes)
    slots = numbers >> bits
    starts = np.flatnonzero(np.append(True, slots[1:] != slots[:-1]))
    numbers &= (1 << bits) - 1
    numbers >>= 1
    row = np.empty(height, np.int64)
    row[leave], row[come] = np.arange(len(leave)), np.arange(len(come))
    order = row[numbers[came]]
    places = np.empty(len(come), np.int64)
    places[order] = np.arange(len(order))
    gone = came - np.arange(len(came))
    return Turns(slots[starts], _side(order, came, starts), _side(row[numbers[left]], left, starts), gone, places)


def _side(order: Longs, places: Longs, starts: Longs) -> Side:
    begins = np.searchsorted(places, starts)
    return Side(order, begins, np.diff(begins, append=len(places)))


def _sorted(numbers: Longs) -> Longs:
    """Narrow numbers are sorted faster."""
    if int(numbers.max(initial=0)).bit_length() <= _SHORT:
        return np.sort(numbers.astype(np.uint32)).astype(np.int64)
    numbers.sort()
    return numbers


def _order(leaving: Longs, coming: Longs, size: int) -> tuple[Longs, Longs]:
    """The turns of both: at an instant, first those leave that are too old then. Each instant is looked up once."""
    leave, come = np.arange(len(leaving)), np.arange(len(coming))
    if len(leaving):
        ends = np.append(np.flatnonzero(coming[1:] != coming[:-1]), len(coming) - 1)
        gone = np.searchsorted(leaving, coming[ends] - size, side="right")
        first = np.concatenate([[0], ends + 1])
        come += np.repeat(gone, np.diff(first))
        leave += np.repeat(first, np.diff(gone, prepend=0, append=len(leaving)))
    return leave, come
