"""SUM and AVG: integers all the way, one conversion at the end (`slac.stream.sums`)."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall
from slac.stream.sums import beyond, from_units, units
from slac.stream.types import Duration, Float, to_polars

_NAN = float("nan")


class Total:
    """What SUM and AVG keep.

    Parts: `sum` (Int128: the integers, microseconds, or multiples of 2⁻⁴⁰ of a float), `n` (Int64: values that are
    not NULL), and for floats `bad` (Int64: those that could not be summed, which make the result NaN).
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`sum`, `n` and perhaps `bad`."""
        fixed: dict[str, pl.DataType] = {"sum": pl.Int128(), "n": pl.Int64()}
        return {**fixed, "bad": pl.Int64()} if _is_float(call) else fixed

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Add up what each value is in whole units."""
        value = argument(call)
        exprs = [
            whole_units(call, value).sum().alias(part(call, "sum")),
            value.count().cast(pl.Int64).alias(part(call, "n")),
        ]
        if _is_float(call):
            exprs.append(beyond(value).sum().cast(pl.Int64).alias(part(call, "bad")))
        return exprs

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums of all parts."""
        return [column(call, name).sum() for name in self.parts(call)]

    def final(self, call: AggregateCall) -> pl.Expr:
        """NULL without values."""
        value = self.value(call)
        if _is_float(call):
            value = pl.when(column(call, "bad") > 0).then(pl.lit(_NAN)).otherwise(value)
        return pl.when(column(call, "n") > 0).then(value)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, to_polars(call.dtype))

    def value(self, call: AggregateCall) -> pl.Expr:
        """The result where there are values and all of them were summed."""
        raise NotImplementedError


class Sum(Total):
    """SUM; a total of integers or durations that does not fit 64 bits is NULL."""

    def value(self, call: AggregateCall) -> pl.Expr:
        """The total in the type of the result."""
        total = column(call, "sum")
        return from_units(total) if _is_float(call) else total.cast(pl.Int64, strict=False).cast(to_polars(call.dtype))


class Average(Total):
    """AVG: a float, or for durations the nearest microsecond; one that does not fit 64 bits is NULL."""

    def value(self, call: AggregateCall) -> pl.Expr:
        """Total by number."""
        total = column(call, "sum")
        mean = (from_units(total) if _is_float(call) else total.cast(pl.Float64)) / column(call, "n")
        return (
            mean.round().cast(pl.Int64, strict=False).cast(pl.Duration("us"))
            if isinstance(call.dtype, Duration)
            else mean
        )


def _is_float(call: AggregateCall) -> bool:
    return isinstance(call.args[0].dtype, Float)


def whole_units(call: AggregateCall, value: pl.Expr) -> pl.Expr:
    """A value as Int128: the integer, microseconds, or multiples of 2⁻⁴⁰ of a float (NULL where it has none)."""
    match call.args[0].dtype:
        case Float():
            return units(value)
        case Duration():
            return value.dt.total_microseconds().cast(pl.Int128)
        case _:
            return value.cast(pl.Int128)
