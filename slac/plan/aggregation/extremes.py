"""MIN and MAX."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall
from slac.stream.types import Float, to_polars


class Extreme:
    """The least or the greatest value that is not NULL; NaN is greater than every number. Part `value`."""

    def __init__(self, *, greatest: bool) -> None:
        self.greatest = greatest

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`value`."""
        return {"value": to_polars(call.dtype)}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The extreme of the rows."""
        return [self._extreme(call, argument(call)).alias(part(call, "value"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The extreme of extremes."""
        return [self._extreme(call, column(call, "value"))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The value; −0.0 and 0.0 are equal, so that either might have come first: it is 0.0."""
        value = column(call, "value")
        return pl.when(value == 0.0).then(pl.lit(0.0)).otherwise(value) if isinstance(call.dtype, Float) else value

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, to_polars(call.dtype))

    def _extreme(self, call: AggregateCall, value: pl.Expr) -> pl.Expr:
        if not self.greatest:
            return value.min()
        return value.nan_max() if isinstance(call.dtype, Float) else value.max()
