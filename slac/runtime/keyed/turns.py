"""Rows by key in which others end: each row adds what it is worth, and takes it away again when a window is over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slac.runtime.keyed.grouping import Longs, Mask, stable_order
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments


@dataclass(frozen=True, slots=True)
class Turns:
    """First those that leave, then those that come: `order` has them by slot and by the time of their turn.

    Of one instant those that leave are the first. `segments`: one a slot (`slots`); `is_leaving`, by `order`;
    `places`: where in `order` each of those that come is.
    """

    order: Longs
    is_leaving: Mask
    segments: Segments
    slots: Longs
    places: Longs


def turns(leaving: Rows, coming: Rows, size: int) -> Turns:
    """Both in the order of time; a row leaves `size` behind its time."""
    come = np.arange(len(coming)) + np.searchsorted(leaving.times + size, coming.times, side="right")
    is_leaving = np.ones(len(leaving) + len(coming), np.bool_)
    is_leaving[come] = False
    mixed = np.empty(len(is_leaving), np.int64)
    mixed[is_leaving] = np.arange(len(leaving))
    mixed[come] = np.arange(len(leaving), len(mixed))
    slots = np.concatenate([leaving.slots, coming.slots])
    order = mixed[stable_order(slots[mixed])]
    of = slots[order]
    segments = Segments.at(np.append(True, of[1:] != of[:-1]))
    places = np.empty(len(mixed), np.int64)
    places[order] = np.arange(len(order))
    return Turns(order, order < len(leaving), segments, of[segments.starts], places[len(leaving) :])
