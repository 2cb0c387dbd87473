"""The reverse of packing, of what a stranger may have sent: all that is described is checked against what has come."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.links.columns import Numbers, to_column
from slac.runtime.links.packing import CELLS, MOST, Described, Packed
from slac.runtime.links.planes import Naturals, from_planes, size_of

_MASK: Final = (1 << 64) - 1


class Unpacking:
    """Columns of a description, whose arrays follow one another in `data`."""

    def __init__(self, described: Described, data: memoryview) -> None:
        rows, columns = described.rows, described.columns
        if not 0 < rows <= len(data) or len(columns) > MOST or rows * len(columns) > CELLS:
            raise ValueError(f"{rows} rows of {len(columns)} columns are described, and {len(data)} bytes were sent")
        self.rows, self._columns, self._data = rows, columns, data
        self._read: dict[int, Naturals] = {}

    def columns(self) -> list[pl.Series | None]:
        """All of them; None where one was sent as it is. ValueError and PolarsError where something does not fit."""
        wanted = {packed.like for packed in self._columns if packed is not None}
        return [
            None if packed is None else self._column(place, packed, keeps=place in wanted)
            for place, packed in enumerate(self._columns)
        ]

    @property
    def left(self) -> memoryview:
        """What is behind the arrays."""
        return self._data

    def _column(self, place: int, packed: Packed, *, keeps: bool) -> pl.Series:
        distances = self._distances(packed)
        if keeps:
            self._read[place] = distances
        values = distances.astype(np.uint64)
        if packed.base:
            values += np.uint64(packed.base & _MASK)
        odd = self._odd(packed.odd) if packed.odd else None
        column = to_column(packed.name, packed.kind, Numbers(values, packed.scale, odd, packed.texts))
        return column if len(column) == self.rows else column.new_from_index(0, self.rows)

    def _distances(self, packed: Packed) -> Naturals:
        """One where all rows are alike, else of each row."""
        if not packed.bits:
            return np.zeros(1, np.uint8)
        if packed.like is not None:
            if packed.like not in self._read:
                raise ValueError(f"a column is like one that was not sent: {packed.like}")
            return self._read[packed.like]
        if not packed.runs:
            return from_planes(self._take(size_of(packed.bits, self.rows)), packed.bits, self.rows)
        if not 0 < packed.runs <= self.rows:
            raise ValueError(f"{packed.runs} runs in {self.rows} rows")
        values = from_planes(self._take(size_of(packed.bits, packed.runs)), packed.bits, packed.runs)
        lengths = np.frombuffer(self._take(4 * packed.runs), np.uint32)
        if int(lengths.sum(dtype=np.uint64)) != self.rows:
            raise ValueError(f"runs are not as long as {self.rows} rows")
        return np.repeat(values, lengths)

    def _odd(self, rows: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
        return np.frombuffer(self._take(4 * rows), np.uint32), np.frombuffer(self._take(8 * rows), np.uint64)

    def _take(self, size: int) -> memoryview:
        if not 0 <= size <= len(self._data):
            raise ValueError(f"{size} bytes are described, {len(self._data)} were sent")
        taken, self._data = self._data[:size], self._data[size:]
        return taken
