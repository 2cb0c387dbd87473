"""The partial rows of one pane with many keys, one a key: a batch touches the rows of its own keys only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from slac.runtime.keyed.grouping import stable_order
from slac.runtime.keyed.hashed import AT_ONCE
from slac.runtime.keyed.key_slots import KeySlots
from slac.runtime.keyed.pages import Pages
from slac.runtime.operators.pane_cells import Cell

Place = tuple[int, int, int]
"""`_start`, `_expires` and `_after`."""


class PaneTable:
    """Keys in a directory, and their parts as integers by slot."""

    def __init__(self, keys: Sequence[str], cells: Sequence[Cell], sample: pl.DataFrame) -> None:
        """`sample`: a partial frame of which the key columns have their types."""
        self._keys = KeySlots({n: sample.schema[n] for n in keys})
        self._cells = cells
        ends = np.cumsum([c.width for c in cells]).tolist()
        self._spans = [slice(end - c.width, end) for c, end in zip(cells, ends, strict=True)]
        self._width = ends[-1]
        self._rows = Pages(self._width)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, partials: pl.DataFrame) -> None:
        """Take partial rows of distinct keys; many in parts, since memory that was freed stays with the process."""
        if partials.height <= AT_ONCE:
            self._add(partials)
            return
        for begin in range(0, partials.height, AT_ONCE):
            self._add(partials[begin : begin + AT_ONCE])

    def _add(self, partials: pl.DataFrame) -> None:
        before = self._keys.size
        slots = self._keys.enter(partials)
        self._rows.grow(self._keys.size)
        rows = np.empty((partials.height, self._width), np.int64)
        for cell, span in zip(self._cells, self._spans, strict=True):
            cell.encode(partials[cell.name], rows[:, span])
        # By slot, so that memory is gone through in one direction.
        order = stable_order(slots)
        slots, rows = slots[order], rows[order]
        known = np.flatnonzero(slots < before)
        if len(known):
            held, mine = self._rows.read(slots[known]), rows[known]
            for cell, span in zip(self._cells, self._spans, strict=True):
                cell.merge(held[:, span], mine[:, span])
            rows[known] = mine
        self._rows.write(slots, rows)

    def frame(self) -> pl.DataFrame:
        """The keys and parts of all."""
        columns = self._rows.columns(len(self))
        parts = [c.decode(columns[span]) for c, span in zip(self._cells, self._spans, strict=True)]
        keys = self._keys.keys_of(np.arange(len(self)))
        return pl.DataFrame([*keys.get_columns(), *parts])
