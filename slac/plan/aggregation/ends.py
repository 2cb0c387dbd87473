"""FIRST and LAST: by the total order (`_time`, `_depth`, `_id`), never by arrival."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall
from slac.stream.batch import DEPTH, ID, TIME, TIME_TYPE
from slac.stream.types import to_polars

_ORDER = ("time", "depth", "id")


class End:
    """The first or last value that is not NULL. Part `at`: a struct of the row's place in the order and the value."""

    def __init__(self, *, last: bool) -> None:
        self.last = last

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`at`."""
        fields = {"time": TIME_TYPE, "depth": pl.UInt16(), "id": pl.UInt64(), "value": to_polars(call.dtype)}
        return {"at": pl.Struct(fields)}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The outermost row of the group that has a value."""
        value = argument(call)
        depth = [pl.col(DEPTH).cast(pl.UInt16)] if DEPTH in columns else []
        sorting = [pl.col(TIME), *depth, pl.col(ID)]
        return [self._outermost(self._placed(value, columns), value, sorting).alias(part(call, "at"))]

    def of_ordered(self, call: AggregateCall, columns: Collection[str]) -> pl.Expr:
        """`partial` where the rows of each group stand in the total order: much cheaper where there are many groups."""
        value = argument(call)
        ordered = self._placed(value, columns).filter(value.is_not_null())
        return (ordered.last() if self.last else ordered.first()).alias(part(call, "at"))

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The outermost of the outermost."""
        at = column(call, "at")
        return [self._outermost(at, at.struct.field("value"), [at.struct.field(n) for n in _ORDER])]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The value alone."""
        return column(call, "at").struct.field("value")

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, to_polars(call.dtype))

    def _placed(self, value: pl.Expr, columns: Collection[str]) -> pl.Expr:
        """A value a row, with the place of the row in the total order."""
        depth = pl.col(DEPTH) if DEPTH in columns else pl.lit(0)
        named = [e.alias(n) for e, n in zip((pl.col(TIME), depth.cast(pl.UInt16), pl.col(ID)), _ORDER, strict=True)]
        return pl.struct(*named, value.alias("value"))

    def _outermost(self, row: pl.Expr, value: pl.Expr, order: list[pl.Expr]) -> pl.Expr:
        present = value.is_not_null()
        ordered = row.filter(present).sort_by([o.filter(present) for o in order])
        return ordered.last() if self.last else ordered.first()
