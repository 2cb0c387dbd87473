"""MAX_BY, MIN_BY and LIST: values of certain rows, by the total order where nothing else decides."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, masked, part, per_row
from slac.plan.aggregation.tallies import unpacked
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.stream.batch import DEPTH, ID, TIME, TIME_TYPE
from slac.stream.types import List, to_polars

_PLACE = ("time", "depth", "id")


def _place(columns: Collection[str]) -> list[pl.Expr]:
    depth = pl.col(DEPTH) if DEPTH in columns else pl.lit(0)
    return [e.alias(n) for e, n in zip([pl.col(TIME), depth.cast(pl.UInt16), pl.col(ID)], _PLACE, strict=True)]


class ByExtreme:
    """The value of the row with the greatest or the least key; of equal ones the last, or the first, row.

    Rows without a value or without a key do not count. Part `at`: a struct of key, place and value.
    """

    def __init__(self, *, greatest: bool) -> None:
        self.greatest = greatest

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`at`."""
        key, value = (to_polars(a.dtype) for a in (call.args[1], call.args[0]))
        fields = {"key": key, "time": TIME_TYPE, "depth": pl.UInt16(), "id": pl.UInt64(), "value": value}
        return {"at": pl.Struct(fields)}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The outermost row."""
        value, key = argument(call), per_row(masked(call, lower(call.args[1])))
        row = pl.struct(key.alias("key"), *_place(columns), value.alias("value"))
        return [self._outermost(row.filter(value.is_not_null() & key.is_not_null())).alias(part(call, "at"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The outermost of the outermost."""
        at = column(call, "at")
        return [self._outermost(at.filter(at.struct.field("value").is_not_null()))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The value alone."""
        return column(call, "at").struct.field("value")

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, to_polars(call.dtype))

    def _outermost(self, rows: pl.Expr) -> pl.Expr:
        ordered = rows.sort_by([rows.struct.field(n) for n in ("key", *_PLACE)])
        return ordered.last() if self.greatest else ordered.first()


class FirstValues:
    """LIST: the first values that are not NULL, in the total order, at most as many as its limit says.

    Part `rows`: a list of structs of place and value, in order.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`rows`."""
        fields = {"time": TIME_TYPE, "depth": pl.UInt16(), "id": pl.UInt64(), "value": to_polars(call.args[0].dtype)}
        return {"rows": pl.List(pl.Struct(fields))}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The first rows of the group."""
        value = argument(call)
        rows = pl.struct(*_place(columns), value.alias("value")).filter(value.is_not_null())
        return [rows.sort().head(_limit(call)).implode().alias(part(call, "rows"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The first of the first."""
        return [unpacked(column(call, "rows")).head(_limit(call)).implode().alias(part(call, "rows"))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The values; NULL where there is none."""
        rows = column(call, "rows")
        values = rows.list.eval(pl.element().struct.field("value"))
        return pl.when(rows.list.len() > 0).then(values)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, pl.List(to_polars(call.args[0].dtype))) if isinstance(call.dtype, List) else pl.lit(None)


def _limit(call: AggregateCall) -> int:
    return int(call.options[0])
