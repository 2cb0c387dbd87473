"""What is kept beside an aggregate where rows have weights: all of it is zero for rows that no gate thinned.

So a state that was begun without weights goes on with zeros, and costs nothing before the first row that has one.
What rows add is summed up besides (`slac.plan.estimates.rows`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import polars as pl

from slac.plan.aggregation.family import column, part
from slac.plan.estimates.moments import LIMBS
from slac.plan.expressions import AggregateCall
from slac.stream.batch import WEIGHT

COUNTED_ONLY: Final = "counted"
"""Option of a count: what the gates have counted is taken from them."""
TRUE: Final = "true"
"""Option of a count: of the rows where its condition is true, not of those where it is known."""
_WIDE: Final = pl.Int128()
_LONG: Final = pl.Int64()


class Beside:
    """Sums that merge by addition, and have no value of their own."""

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """All sums."""
        raise NotImplementedError

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The sums of what rows add; zero without weights."""
        if WEIGHT not in columns:
            return [(pl.len() * 0).cast(t).alias(part(call, n)) for n, t in self.parts(call).items()]
        return [column(call, n).sum() for n in self.parts(call)]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums of all parts."""
        return [column(call, name).sum() for name in self.parts(call)]

    def final(self, call: AggregateCall) -> pl.Expr:
        """None of its own."""
        return pl.lit(None, pl.Float64)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """None."""
        return pl.lit(None, pl.Float64)


class ThinnedCount(Beside):
    """Beside a count of rows, of values that are not NULL, or of conditions that are true.

    Parts: `k` (Int64: rows of a weight over one), `zero` (Int64: of weight 0), `more` (Int128, multiples of 2⁻²⁰:
    Σ(w − 1)), `a0` (Int128, multiples of 2⁻⁴⁰: Σw(w − 1)), and `gate` (Int64): what a gate that counted says of its
    rows, less one each; those rows are in none of the others then.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`k`, `zero`, `more`, `a0` and `gate`."""
        return {"k": _LONG, "zero": _LONG, "more": _WIDE, "a0": _WIDE, "gate": _LONG}


class ThinnedValue(Beside):
    """Beside sums and means of numbers and durations (µs).

    Parts: `k` and `more` as of `ThinnedCount`; `zero` (Int64: rows of weight 0 that FILTER lets pass, or may); `total`
    (Int128: Σ(w − 1)x, of floats in multiples of 2⁻⁴⁰, else of 2⁻²⁰), `a0` and `b0` (multiples of 2⁻⁴⁰: Σw(w − 1) and
    Σw(w − 1)²), three limbs for each of `moments`, which are called by `a` or `b` and the power of x, and `odd`
    (Int64): how many values were too large for that.
    """

    moments: Sequence[str] = ("a1", "a2", "b1", "b2", "b3")

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """All of them."""
        limbs = {f"{m}{limb}": _WIDE for m in self.moments for limb in LIMBS}
        fixed = {"more": _WIDE, "total": _WIDE, "a0": _WIDE, "b0": _WIDE}
        return {"k": _LONG, "zero": _LONG, **fixed, **limbs, "odd": _LONG}


class ThinnedSpread(ThinnedValue):
    """Beside variances: also `m2`, Σ(w − 1)x², and moments up to the fourth power."""

    moments = ("a1", "a2", "a3", "a4", "m2")
