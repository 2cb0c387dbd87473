"""What is kept beside an aggregate where rows have weights: all of it is zero for rows that no gate thinned.

So a state that was begun without weights goes on with zeros, and costs nothing before the first row that has one.
What each row adds is a column of its own before rows are grouped (`slac.plan.estimates.rows`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.aggregation.family import column, part
from slac.plan.estimates.moments import BEYOND, COUNTED, FIRST, LANES, Floats, laned, magnitude, odd, spread, units
from slac.plan.estimates.totals import Counted, Longs, Numbers
from slac.plan.expressions import AggregateCall
from slac.stream.batch import WEIGHT
from slac.stream.sums import LIMIT, SCALE, WEIGHT_SCALE

Added: TypeAlias = "Iterator[tuple[str, Numbers | None]]"
"""What each row adds to each part; None where it is nothing. One after the other, so that few are held at a time."""
COUNTED_ONLY: Final = "counted"
"""Option of a count: what the gates have counted is taken from them."""
TRUE: Final = "true"
"""Option of a count: of the rows where its condition is true, not of those where it is known."""
_ROUNDED: Final = 1 + 2.0**-40
_PIECE: Final = 22
_PIECE_MASK: Final = (1 << _PIECE) - 1
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

    def added(self, more: Floats, counted: Counted | None, gate: npt.NDArray[np.int64] | None) -> Added:
        """From the excess of the weights of rows that count, 0 for others, or how often there is each (`counted`).

        `gate`: 0 for others too.
        """
        yield "gate", gate
        if counted is None:
            yield from (("k", more > 0), ("zero", more < 0))
        else:
            yield from (("k", _where(counted, above=True)), ("zero", _where(counted, above=False)))
        yield from (("more", _spread(more, counted, "m")), ("a0", _spread(more, counted, "a")))


class ThinnedValue(Beside):
    """Beside sums and means of numbers and durations (µs).

    Parts: `k` and `more` as of `ThinnedCount`; `zero` (Int64: rows of weight 0 that FILTER lets pass, or may); `total`
    (Int128: Σ(w − 1)x, of floats in multiples of 2⁻⁴⁰, else of 2⁻²⁰), `a0` and `b0` (multiples of 2⁻⁴⁰: Σw(w − 1) and
    Σw(w − 1)²), three lanes for each of `moments`, which are called by `a` or `b` and the power of x, and `odd`
    (Int64): how many values were too large for that.
    """

    moments: Sequence[str] = ("a1", "a2", "b1", "b2", "b3")

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """All of them."""
        lanes = {f"{m}{lane}": _WIDE for m in self.moments for lane, _, _ in LANES}
        fixed = {"more": _WIDE, "total": _WIDE, "a0": _WIDE, "b0": _WIDE}
        return {"k": _LONG, "zero": _LONG, **fixed, **lanes, "odd": _LONG}

    def added(
        self,
        more: Floats,
        values: Floats,
        whole: Longs | None,
        gone: Numbers | None,
        counted: Counted | None,
        known: Collection[str] = (),
    ) -> Added:
        """From the excess of weights, 0 where there is no value, and the values; `whole` those that are integers.

        `gone`: rows of weight 0 that may have counted. `counted`: how many of each weight have a value, if known.
        `known`: parts that need not be told.
        """
        if "more" not in known:
            yield from (("k", more > 0 if counted is None else _where(counted, above=True)), ("zero", gone))
            yield "more", _spread(more, counted, "m")
            yield "total", _total(more, values, whole)
        powers, widest, beyond = [np.ones(1), values], max(self.moments), None
        largest = magnitude(values)
        for order in "abm":
            factor = spread(more, order)
            if order != "m" and f"{order}0" not in known:
                yield f"{order}0", _spread(more, counted, order)
            for name in (name for name in self.moments if name[0] == order):
                is_new = f"{name}{LANES[0][0]}" not in known
                most = _at_most(factor, counted, largest, int(name[1]), order)
                if not is_new and (name != widest or most < BEYOND):
                    continue
                product = factor * _power(powers, int(name[1]))
                # Mostly all of them go to the first lane, and nothing more has to be known.
                most = most if most < FIRST else magnitude(product)
                if name == widest and not most < BEYOND:
                    beyond = (more > 0) & odd(product)
                if is_new:
                    yield from ((f"{name}{lane}", numbers) for lane, numbers in laned(product, most))
        yield "odd", beyond if beyond is not None and beyond.any() else None


class ThinnedSpread(ThinnedValue):
    """Beside variances: also `m2`, Σ(w − 1)x², and moments up to the fourth power."""

    moments = ("a1", "a2", "a3", "a4", "m2")


def _where(counted: Counted, *, above: bool) -> Counted | None:
    """How many weigh more than one event, or nothing."""
    flags = counted.numbers > 0 if above else counted.numbers < 0
    return Counted(flags.astype(np.float64), counted.times) if flags.any() else None


def _spread(more: Floats, counted: Counted | None, order: str) -> Numbers | None:
    """What weights alone add: of each row, or of each weight as often as it is there."""
    scale = COUNTED // 2 if order == "m" else COUNTED
    if counted is None:
        return units(spread(more, order), scale)
    return Counted(np.rint(spread(counted.numbers, order) * 2.0**scale), counted.times)


def _at_most(factor: Floats, counted: Counted | None, largest: float, power: int, order: str) -> float:
    """No product is greater, roundings included."""
    levels = factor if counted is None else spread(counted.numbers, order)
    try:
        return magnitude(levels) * largest**power * _ROUNDED
    except OverflowError:
        return math.inf


def _power(powers: list[Floats], order: int) -> Floats:
    """Of values, from powers that are there up to some order."""
    while len(powers) <= order:
        powers.append(powers[-1] * powers[1])
    return powers[order]


def _total(more: Floats, values: Floats, whole: Longs | None) -> Numbers | None:
    if whole is not None:
        weights = np.rint(more * WEIGHT_SCALE)
        # Parts of an integer whose products with a weight are exact.
        low, middle = whole & _PIECE_MASK, (whole >> _PIECE) & _PIECE_MASK
        parts = (low, 0), (middle, _PIECE), (whole >> 2 * _PIECE, 2 * _PIECE)
        return [(weights * numbers, shift) for numbers, shift in parts]
    product = more * values
    if not magnitude(product) < LIMIT:
        product = np.where(np.abs(product) < LIMIT, product, 0.0)
    return units(product, int(np.log2(SCALE)))
