"""COUNT(*) and COUNT(x)."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, part, per_row
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower


class Count:
    """Number of rows, or of values that are not NULL. Part `n` (Int64)."""

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`n`."""
        return {"n": pl.Int64()}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Rows, rows that pass FILTER, or values."""
        if call.args:
            counted = argument(call).count()
        elif call.where is not None:
            counted = per_row(lower(call.where)).sum()
        else:
            counted = pl.len()
        return [counted.cast(pl.Int64).alias(part(call, "n"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The sum."""
        return [column(call, "n").sum()]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The count."""
        return column(call, "n")

    def empty(self, call: AggregateCall) -> pl.Expr:
        """Zero."""
        return pl.lit(0, pl.Int64)
