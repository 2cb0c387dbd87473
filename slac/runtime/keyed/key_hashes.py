"""What each key adds to the ids of its rows: hashed once, when the first row of the key comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.slots import Slots
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.picking import picked_rows
from slac.stream.ids import Ids, further_ids, hash_columns

_HASH: Final = "_hash"
_UNKNOWN: Final = 0
"""A key may have this hash by chance: it is made anew each time then."""


class KeyHashes:
    """A column of `slots`: what `hash_columns` gives for the key columns `names` and a salt."""

    def __init__(self, slots: Slots, names: Sequence[str], salt: int) -> None:
        self._slots, self._names, self._salt = slots, list(names), salt
        slots.add({_HASH: _UNKNOWN})

    def further(self, slots: Longs, rows: pl.DataFrame, ids: Ids) -> Ids:
        """What `hash_further` gives with a column of ids behind the keys of these rows, each of which has its slot."""
        return further_ids(self._known(slots, rows).view(np.uint64), slots, ids)

    def of(self, slots: Longs, rows: pl.DataFrame) -> Ids:
        """Of each of these rows with their slots."""
        return self._known(slots, rows).take(slots).view(np.uint64)

    def _known(self, slots: Longs, rows: pl.DataFrame) -> Longs:
        """The column, in which all that these slots have is known."""
        column = self._slots[_HASH]
        # Where there are fewer slots than rows, all of them are looked at.
        if self._slots.size <= len(slots) and column[: self._slots.size].all():
            return column
        new = np.flatnonzero(column.take(slots) == _UNKNOWN)
        if len(new):
            # Of each slot the last of its rows stands for all.
            column[slots[new]] = new
            new = new[column[slots[new]] == new]
            # A frame without columns has no height.
            keys = picked_rows(rows, self._names, new) if self._names else pl.DataFrame({_HASH: [0]})
            column[slots[new]] = hash_columns(keys, self._names, self._salt).to_numpy().view(np.int64)
        return column
