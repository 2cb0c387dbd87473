"""VAR and STDDEV: from exact sums of values and of their squares.

A float is rounded once, when it enters, to a multiple of 2⁻²⁰; integers are exact. From there all is integer
arithmetic up to the sum of squared deviations, which has no cancellation: a mean of 1e9 with a deviation of 1 is well.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall
from slac.stream.types import Float

SCALE: Final = float(1 << 20)
"""Units per 1.0 of a float."""
FLOAT_LIMIT: Final = float(1 << 32)
"""Floats of this magnitude and more are not squared."""
INT_LIMIT: Final = 1 << 50
"""Integers of a magnitude above this are not squared."""
_NAN: Final = float("nan")


class Spread:
    """Variance or deviation, of the population or of a sample.

    Parts: `sum` and `squares` (Int128), `n` (Int64), and `bad` (Int64: values that cannot be squared, which make the
    result NaN: not finite, floats of 2³² and more, integers of 2⁵⁰ and more).
    """

    def __init__(self, *, sample: bool, root: bool) -> None:
        self.sample = sample
        self.root = root

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`sum`, `squares`, `n` and `bad`."""
        return {"sum": pl.Int128(), "squares": pl.Int128(), "n": pl.Int64(), "bad": pl.Int64()}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Add up what each value, and its square, is in whole units."""
        value = argument(call)
        number, fits = _number_and_fits(call, value)
        whole = number.cast(pl.Int128, strict=False)
        sums = {"sum": whole.sum(), "squares": (whole * whole).sum(), "n": value.count(), "bad": fits.not_().sum()}
        return [
            e.cast(t).alias(part(call, n)) for (n, e), t in zip(sums.items(), self.parts(call).values(), strict=True)
        ]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums of all parts."""
        return [column(call, name).sum() for name in self.parts(call)]

    def final(self, call: AggregateCall) -> pl.Expr:
        """NULL without values (of a sample: without two)."""
        n = column(call, "n")
        degrees = n - 1 if self.sample else n
        variance = _squared_deviations(call) / degrees
        value = (
            pl.when(column(call, "bad") > 0).then(pl.lit(_NAN)).otherwise(variance.sqrt() if self.root else variance)
        )
        return pl.when(degrees > 0).then(value)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, pl.Float64)


def _number_and_fits(call: AggregateCall, value: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """A value in whole units (of a float as Float64; NULL where it cannot be squared), and whether it can."""
    if isinstance(call.args[0].dtype, Float):
        fits = value.abs() < FLOAT_LIMIT
        return (pl.when(fits).then(value) * SCALE).round(), fits
    fits = value.is_between(-INT_LIMIT, INT_LIMIT)
    return pl.when(fits).then(value), fits


def _squared_deviations(call: AggregateCall) -> pl.Expr:
    """Σ(x − mean)²: around the whole number below the mean, in integers, less what that number is off by."""
    n, total, squares = column(call, "n"), column(call, "sum"), column(call, "squares")
    counted = pl.when(n > 0).then(n)
    mean = total // counted
    rest = total - counted * mean
    around = (squares - mean * total - mean * rest).cast(pl.Float64)
    off = rest.cast(pl.Float64)
    exact = around - off * off / counted.cast(pl.Float64)
    return exact / (SCALE * SCALE) if isinstance(call.args[0].dtype, Float) else exact
