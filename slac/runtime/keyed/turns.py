"""Rows by key in which others end: each row adds what it is worth, and takes it away again when a window is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from slac.runtime.keyed.grouping import Longs, Value, lengths_of
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments
from slac.stream.places import sorted_slots

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
        return Segments(starts, starts + lengths - 1), some

    def spread(self, values: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """A value a slot → one a row that comes, by slot and time."""
        return np.repeat(values, self.coming.lengths)


def turns(leaving: Rows, coming: Rows, size: int) -> Turns:
    """Both in the order of time; a row leaves `size` behind its time."""
    order, of = sorted_slots(coming.slots)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    if not len(leaving):
        starts = _begins(of)
        come = Side(order, starts, lengths_of(starts, len(of)))
        nothing = np.zeros(len(starts), np.int64)
        return Turns(
            of[starts].astype(np.int64, copy=False),
            come,
            Side(order[:0], nothing, nothing),
            np.zeros(len(order), np.int64),
            places,
        )
    left, left_of = sorted_slots(leaving.slots)
    numbers, bits = _merged(left, left_of, _gone(leaving.times, coming.times - size).take(order), of)
    is_left = (numbers & 1).astype(np.bool_)
    numbers >>= bits
    starts = _begins(numbers)
    came = np.flatnonzero(~is_left)
    come = _side(order, came, starts)
    gone = came - np.arange(len(came))
    leave = _side(left, np.flatnonzero(is_left), starts)
    return Turns(numbers[starts].astype(np.int64), come, leave, gone, places)


def _merged(left: Longs, left_of: Longs, gone: Longs, of: Longs) -> tuple[npt.NDArray[Any], int]:
    """All rows by slot and turn, as numbers that end in 1 for those that leave; and how many bits behind the slot.

    Slot and turn are one number, as narrow as may be: values are sorted faster than places.
    """
    bits = len(left).bit_length() + 1
    is_short = int(max(left_of[-1], of[-1])).bit_length() + bits <= _SHORT
    kind: npt.DTypeLike = np.uint32 if is_short else np.int64
    numbers: npt.NDArray[Any] = np.concatenate([left_of, of]).astype(kind)
    turn = np.concatenate([left, gone]).astype(kind)
    numbers <<= bits
    turn <<= 1
    turn[: len(left)] |= 1
    numbers |= turn
    numbers.sort()
    return numbers, bits


def _begins(of: npt.NDArray[Any]) -> Longs:
    begins = np.empty(len(of), np.bool_)
    begins[:1] = True
    np.not_equal(of[1:], of[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def _side(order: Longs, places: Longs, starts: Longs) -> Side:
    begins = np.searchsorted(places, starts)
    return Side(order, begins, lengths_of(begins, len(places)))


def _gone(leaving: Longs, ends: Longs) -> Longs:
    """How many of those that leave are too old at each row that comes. Each instant is looked up once."""
    first = _begins(ends)
    gone = np.searchsorted(leaving, ends[first], side="right")
    return np.repeat(gone, lengths_of(first, len(ends)))
