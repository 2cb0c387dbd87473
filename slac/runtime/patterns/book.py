"""The rows that open matches hold, numbered for a snapshot: one frame a port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from slac.runtime.patterns.rows import Row, RowType
from slac.stream.batch import ID

__all__ = ["RowBook"]

_NUMBER = "#number"


@dataclass(slots=True)
class RowBook:
    """Gives rows numbers, and finds rows by them."""

    types: Sequence[RowType]
    _numbers: dict[Row, int] = field(default_factory=dict)
    _rows: dict[int, Row] = field(default_factory=dict)

    def number(self, row: Row) -> int:
        """The number of a row; the same each time."""
        return self._numbers.setdefault(row, len(self._numbers))

    def row(self, number: int) -> Row:
        """The row of a number."""
        return self._rows[number]

    def frames(self) -> dict[str, pl.DataFrame]:
        """All rows that were numbered, by port."""
        frames = {}
        for port, kind in enumerate(self.types):
            rows = [r for r in self._numbers if r.port == port]
            if rows:
                own = [
                    pl.Series(_NUMBER, [self._numbers[r] for r in rows], dtype=pl.Int64),
                    pl.Series(ID, [r.id for r in rows], dtype=pl.UInt64),
                ]
                columns = kind.frame(rows).get_columns()
                frames[f"rows{port}"] = pl.DataFrame([*own, *(c for c in columns if c.name not in (_NUMBER, ID))])
        return frames

    def read(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        for port, kind in enumerate(self.types):
            frame = frames.get(f"rows{port}")
            if frame is not None:
                rows = kind.rows(port, frame, frame[ID].to_list())
                self._rows |= dict(zip(frame[_NUMBER].to_list(), rows, strict=True))
