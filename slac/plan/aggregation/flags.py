"""SHARE, BOOL_AND and BOOL_OR: of conditions."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall


class _Flags:
    """Parts `true` and `n` (Int64): rows where the condition is true, and where it is true or false."""

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`true` and `n`."""
        return {"true": pl.Int64(), "n": pl.Int64()}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Count both."""
        flag = argument(call)
        true, known = flag.sum().cast(pl.Int64), flag.count().cast(pl.Int64)
        return [true.alias(part(call, "true")), known.alias(part(call, "n"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums."""
        return [column(call, "true").sum(), column(call, "n").sum()]

    def final(self, call: AggregateCall) -> pl.Expr:
        """NULL where the condition was always NULL."""
        return pl.when(column(call, "n") > 0).then(self.value(call))

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None)

    def value(self, call: AggregateCall) -> pl.Expr:
        """The result where there is one."""
        raise NotImplementedError


class Share(_Flags):
    """SHARE: the part of the rows for which the condition is true."""

    def value(self, call: AggregateCall) -> pl.Expr:
        """A number from 0 to 1."""
        return column(call, "true") / column(call, "n")


class Every(_Flags):
    """BOOL_AND: whether the condition is true for all rows for which it is not NULL."""

    def value(self, call: AggregateCall) -> pl.Expr:
        """True or false."""
        return column(call, "true") == column(call, "n")


class Some(_Flags):
    """BOOL_OR: whether the condition is true for any row."""

    def value(self, call: AggregateCall) -> pl.Expr:
        """True or false."""
        return column(call, "true") > 0
