"""Counts by value inside one cell: what TOP, QUANTILE and LIST build on.

A cell is a list of structs; all here are expressions over a group, so that many groups are done at once by columns.
Structs are put into order by `sort()`, field by field: `sort_by` behind `explode` reads beyond its group in Polars 2.1.
"""

from __future__ import annotations

import polars as pl

VALUE, COUNT = "value", "count"


def tally(values: pl.Expr) -> pl.Expr:
    """Structs of each different value, ascending, with its number; NULLs are left out."""
    present = values.drop_nulls()
    return _summed(pl.struct(present.alias(VALUE), present.is_not_null().cast(pl.Int64).alias(COUNT)).sort())


def merged_tallies(cells: pl.Expr) -> pl.Expr:
    """The same of several such cells, with the sums of their counts."""
    return _summed(unpacked(cells))


def unpacked(cells: pl.Expr) -> pl.Expr:
    """The elements of all cells of a group, in the order of their fields."""
    rows = cells.explode().sort()
    return rows.filter(rows.is_not_null())


def _summed(rows: pl.Expr) -> pl.Expr:
    values, sums = rows.struct.field(VALUE), rows.struct.field(COUNT).cum_sum()
    last = (values != values.shift(-1)).fill_null(value=True)
    ends = sums.filter(last)
    return pl.struct(values.filter(last).alias(VALUE), (ends - ends.shift(1, fill_value=0)).alias(COUNT))
