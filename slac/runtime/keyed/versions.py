"""Which row of its key stands last before each row: two sequences in one order, both with slots of keys.

Rows that come later take the place of earlier ones, so from the last row of a key one goes back until one stands early
enough: by a step for each row that comes between, which are few where the sequence is cut into blocks of as many rows
as there are keys. Where they are many, an as-of join finds the rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.keyed.grouping import Longs, stable_order
from slac.runtime.keyed.hashed import AT_ONCE

NONE: Final = -1
_LEAST: Final = 256
"""Rows in a block."""
_STEPS: Final = 12
"""So many steps back at most, before an as-of join is cheaper."""

Heads = npt.NDArray[np.int64]


def no_heads(size: int) -> Heads:
    """A scratch array for `last_before` of slots below `size`; slot −1 leads behind its end."""
    return np.full(size + 1, NONE, np.int64)


def last_before(slots: Longs, others: Longs, places: Longs, heads: Heads) -> Longs:
    """For each row the number of the last of the others that has its slot and stands before it; −1 for none.

    `places`: how many rows stand before each of the others, ascending. A slot of −1 has no others. `heads` is what
    `no_heads` gave, and is so again afterwards.
    """
    previous = _previous(others)
    # Of none it is said that it stands before all rows.
    stands = np.append(places, NONE)
    found = _first_guess(slots, others, places, heads)
    ahead = []
    for start in range(0, len(slots), AT_ONCE):
        part = found[start : start + AT_ONCE]
        ahead.append(np.flatnonzero(stands[part] > np.arange(start, start + len(part))) + start)
    rows = np.concatenate(ahead)
    for _ in range(_STEPS):
        if not len(rows):
            return found
        back = previous[found[rows]]
        found[rows] = back
        rows = rows[stands[back] > rows]
    if len(rows):
        found[rows] = _by_join(slots[rows], rows, others, places)
    return found


def last_of_each(slots: Longs, heads: Heads) -> Longs:
    """The numbers of the rows behind which no other has their slot, ascending; `heads` as above."""
    numbers = np.arange(len(slots))
    heads[slots] = numbers
    last = np.flatnonzero(heads[slots] == numbers)
    heads[slots] = NONE
    return last


def _previous(others: Longs) -> Longs:
    """The number of the row before of the same slot, −1 for none; one more place for the row −1 itself."""
    order = stable_order(others)
    ordered = others[order]
    previous = np.full(len(others) + 1, NONE, np.int64)
    previous[order[1:]] = np.where(ordered[1:] == ordered[:-1], order[:-1], NONE)
    return previous


def _first_guess(slots: Longs, others: Longs, places: Longs, heads: Heads) -> Longs:
    """The last of the others of each row's slot up to the end of the block that the row lies in."""
    numbers = np.arange(len(others))
    block = max(len(heads), _LEAST)
    if len(others) <= block:
        heads[others] = numbers
        found = heads[slots]
        heads[others] = NONE
        return found
    upto = np.full((len(others) // block + 1, len(heads)), NONE, np.int64)
    upto[numbers // block, others] = numbers
    np.maximum.accumulate(upto, axis=0, out=upto)
    before = np.cumsum(np.bincount(places, minlength=len(slots) + 1)[: len(slots)])
    return upto[np.maximum(before - 1, 0) // block, slots]


def _by_join(slots: Longs, rows: Longs, others: Longs, places: Longs) -> Longs:
    right = pl.DataFrame({"slot": others, "place": places, "number": np.arange(len(others))})
    joined = pl.DataFrame({"slot": slots, "place": rows}).join_asof(
        right, on="place", by="slot", strategy="backward", check_sortedness=False
    )
    return joined["number"].fill_null(NONE).to_numpy()
