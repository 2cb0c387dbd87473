"""HISTOGRAM and BURN_RATE: a few counts or sums each."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import polars as pl

from slac.plan.aggregation.family import argument, column, masked, part, per_row
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.stream.sums import beyond, from_units, units


class Histogram:
    """Counts of values up to each bound, and of those beyond the last; a bound belongs to its bucket, NaN to the last.

    Parts `c0`, `c1`, … (Int64), one a bucket.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """One count a bucket."""
        return {f"c{n}": pl.Int64() for n in range(len(call.options) + 1)}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Count by bucket."""
        value = argument(call).cast(pl.Float64)
        edges = [None, *(float(b) for b in call.options), None]
        counts = []
        for low, high in pairwise(edges):
            above = value.is_not_null() if low is None else value > low
            counts.append((above if high is None else above & (value <= high)).sum().cast(pl.Int64))
        return [c.alias(part(call, name)) for c, name in zip(counts, self.parts(call), strict=True)]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums."""
        return [column(call, name).sum() for name in self.parts(call)]

    def final(self, call: AggregateCall) -> pl.Expr:
        """A list of structs `{upto, count}`, `upto` NULL for the last; NULL without values."""
        bounds = [*(pl.lit(float(b)) for b in call.options), pl.lit(None, pl.Float64)]
        names = list(self.parts(call))
        cells = [pl.struct(b.alias("upto"), column(call, n).alias("count")) for b, n in zip(bounds, names, strict=True)]
        total = pl.sum_horizontal(column(call, n) for n in names)
        return pl.when(total > 0).then(pl.concat_list(cells))

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None)


class BurnRate:
    """How many times faster than allowed a budget of errors is used: (bad / total) / (1 − objective).

    Parts `bad` and `total` (Int128, multiples of 2⁻⁴⁰), `n` and `odd` (Int64: rows with both, and rows whose numbers
    cannot be summed, which make the result NaN).
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`bad`, `total`, `n` and `odd`."""
        return {"bad": pl.Int128(), "total": pl.Int128(), "n": pl.Int64(), "odd": pl.Int64()}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Sums of the rows that have both numbers."""
        first = argument(call).cast(pl.Float64)
        second = per_row(masked(call, lower(call.args[1]))).cast(pl.Float64)
        both = first.is_not_null() & second.is_not_null()
        sums = {
            "bad": units(pl.when(both).then(first)).sum(),
            "total": units(pl.when(both).then(second)).sum(),
            "n": both.sum(),
            "odd": (both & (beyond(first) | beyond(second))).sum(),
        }
        return [
            e.cast(t).alias(part(call, n)) for (n, e), t in zip(sums.items(), self.parts(call).values(), strict=True)
        ]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums of all parts."""
        return [column(call, name).sum() for name in self.parts(call)]

    def final(self, call: AggregateCall) -> pl.Expr:
        """NULL where nothing was counted."""
        total = column(call, "total")
        rate = from_units(column(call, "bad")) / from_units(total) / (1 - float(call.options[0]))
        value = pl.when(column(call, "odd") > 0).then(float("nan")).otherwise(rate)
        return pl.when((column(call, "n") > 0) & (total != 0)).then(value)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, pl.Float64)
