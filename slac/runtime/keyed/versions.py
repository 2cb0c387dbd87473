"""Which version of its key's value holds at each row: the latest one from before, or one of those that come between.

Rows are gone through in stretches, for each of which the last version of every key is known. From there one goes back
until one stands early enough: by a step for each version that comes later within the stretch, which are few. Where they
are many, because few keys have most of them, an as-of join finds what is left. Few rows are looked up all at once, by
halving.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.keyed.grouping import Longs, stable_order
from slac.runtime.keyed.hashed import AT_ONCE

Index = npt.NDArray[np.uint32]

_STEPS: Final = 8
"""So many steps back at most."""
_FEW: Final = 4096
"""So many rows and versions together are looked up one by one at once: stretches would cost as many calls as that."""
_LEAST: Final = 512
"""Rows in a stretch, or more: each costs some calls."""


def holding(slots: Longs, size: int, versions: Longs, places: Longs) -> Index:
    """0 for a row without a slot (−1); 1 + slot where no version of it stands before the row; else 1 + size + version.

    Slots are below `size`. `places`: how many rows stand before each version, ascending.
    """
    first = 1 + size
    if len(slots) + len(versions) <= _FEW:
        return _looked_up(slots, np.arange(len(slots)), first, versions, places).astype(np.uint32)
    numbers = np.arange(first, first + len(versions))
    previous = _previous(versions, numbers, first)
    # What is there from before stands before all rows.
    stands = np.concatenate([np.full(first, -1), places])
    heads = np.append(np.arange(1, first), 0)
    index = np.empty(len(slots), np.uint32)
    numbered = np.arange(len(slots))
    left: list[Longs] = []
    begun, width = 0, _width(len(slots), size, len(versions))
    for start in range(0, len(slots), width):
        part = slots[start : start + width]
        until = int(np.searchsorted(places, start + len(part)))
        heads[versions[begun:until]] = numbers[begun:until]
        begun = until
        found = heads.take(part)
        ahead = np.flatnonzero(stands.take(found) > numbered[start : start + len(part)])
        for _ in range(_STEPS):
            if not len(ahead):
                break
            back = previous[found[ahead]]
            found[ahead] = back
            ahead = ahead[stands[back] > ahead + start]
        else:
            left.append(ahead + start)
        index[start : start + width] = found
    rows = np.concatenate(left) if left else np.zeros(0, np.int64)
    if len(rows):
        index[rows] = _joined(slots[rows], rows, numbers, versions, places)
    return index


def last_of_each(slots: Longs, room: Longs) -> Longs:
    """The rows behind which no other has their slot, ascending; `room` has a place a slot, whatever stands there."""
    numbers = np.arange(len(slots))
    room[slots] = numbers
    return np.flatnonzero(room[slots] == numbers)


def _width(rows: int, size: int, versions: int) -> int:
    """Rows in a stretch: so many that there is about one version a slot in it."""
    return max(_LEAST, min(AT_ONCE, size * rows // max(versions, 1)))


def _previous(versions: Longs, numbers: Longs, first: int) -> Longs:
    """What is before each version, by its number: another version, or what is there from before."""
    order = stable_order(versions)
    ordered, by_slot = versions[order], numbers[order]
    previous = np.zeros(first + len(versions), np.int64)
    previous[by_slot] = ordered + 1
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    previous[by_slot[again + 1]] = by_slot[again]
    return previous


def _looked_up(slots: Longs, rows: Longs, first: int, versions: Longs, places: Longs) -> Longs:
    """What holds at these rows, found by halving among the versions in the order of their slots and places."""
    if not len(versions):
        return slots + 1
    order = stable_order(versions)
    # Slot and place are one number: no place is beyond all rows.
    wide = int(max(rows[-1] if len(rows) else 0, places[-1])) + 1
    stands = versions[order] * wide + places[order]
    found = np.searchsorted(stands, slots * wide + rows, side="right") - 1
    latest = order[found]
    # Before the first of all there is none, and what −1 leads to is of another slot, or stands later.
    return np.where((found >= 0) & (versions[latest] == slots), latest + first, slots + 1)


def _joined(slots: Longs, rows: Longs, numbers: Longs, versions: Longs, places: Longs) -> Longs:
    right = pl.DataFrame({"slot": versions, "place": places, "number": numbers})
    left = pl.DataFrame({"slot": slots, "place": rows})
    joined = left.join_asof(right, on="place", by="slot", strategy="backward", check_sortedness=False)
    found = joined["number"].fill_null(0).to_numpy()
    return np.where(found == 0, slots + 1, found)
