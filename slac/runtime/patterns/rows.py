"""Rows that a pattern remembers, as Python values, and the way from columns and back to columns.

Instants and lengths of time are integers (µs); structs and lists are as Polars gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from slac.stream.types import AnyType, Duration, Timestamp, to_polars

__all__ = ["Row", "RowType", "array_series", "series_of", "values_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of a port: its id and the values of the columns that are needed, in the order of its `RowType`."""

    port: int
    id: int
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowType:
    """The columns that rows of a port carry, and where each stands."""

    types: Mapping[str, AnyType]
    places: Mapping[str, int]

    @classmethod
    def of(cls, types: Mapping[str, AnyType]) -> RowType:
        """The row type of some columns."""
        return cls(types=types, places={name: n for n, name in enumerate(types)})

    def rows(self, port: int, frame: pl.DataFrame, ids: Sequence[int]) -> list[Row]:
        """The rows of a port's frame, which has all columns."""
        columns = [values_of(frame[name], dtype) for name, dtype in self.types.items()]
        values = zip(*columns, strict=True) if columns else ((),) * frame.height
        return [Row(port, i, v) for i, v in zip(ids, values, strict=True)]

    def frame(self, rows: Sequence[Row]) -> pl.DataFrame:
        """The columns of some rows."""
        places = self.places.items()
        return pl.DataFrame([series_of(n, [r.values[place] for r in rows], self.types[n]) for n, place in places])


def values_of(series: pl.Series, dtype: AnyType) -> list[Any]:
    """The values of a column."""
    return series.to_physical().to_list() if isinstance(dtype, Timestamp | Duration) else series.to_list()


def series_of(name: str, values: Sequence[Any], dtype: AnyType) -> pl.Series:
    """A column of values."""
    if isinstance(dtype, Timestamp | Duration):
        return pl.Series(name, values, dtype=pl.Int64).cast(to_polars(dtype))
    return pl.Series(name, values, dtype=to_polars(dtype))


def array_series(name: str, arrays: Sequence[Iterable[Row] | None], rows: RowType, dtype: pl.DataType) -> pl.Series:
    """A column of lists of structs; NULL where there is no array."""
    flat = [(n, row) for n, array in enumerate(arrays) for row in array or ()]
    if not flat:
        return pl.Series(name, [None] * len(arrays), dtype=dtype)
    items = rows.frame([row for _, row in flat]).to_struct(name)
    groups = pl.DataFrame([pl.Series("n", [n for n, _ in flat], dtype=pl.Int64), items])
    lists = groups.group_by("n", maintain_order=True).agg(name)
    every = pl.DataFrame({"n": pl.int_range(len(arrays), eager=True)})
    return every.join(lists, on="n", how="left", maintain_order="left")[name].cast(dtype)
