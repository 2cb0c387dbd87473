"""RATE, INCREASE and DELTA: what the samples of one series say from the first of a window to the last.

A counter that falls has begun at 0 again. Pieces of a series merge where their times are disjoint: the step from the
last sample of one to the first of the next is added. Where they interleave, a series has come from two sources at
once; nobody can tell then which sample follows which, so the value is NULL and the piece says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.aggregation.neighbours import Groups, neighbours
from slac.plan.expressions import AggregateCall
from slac.stream.batch import TIME
from slac.stream.sums import SCALE, beyond, units
from slac.stream.types import Float

Said = Literal["rate", "increase", "delta"]

MIXED: Final = "mixed"
"""The part that is true where pieces of a series interleave."""
_SECOND: Final = 1_000_000
_PARTS: Final[dict[str, pl.DataType]] = {
    "t0": pl.Int64(),
    "v0": pl.Int128(),
    "t1": pl.Int64(),
    "v1": pl.Int128(),
    "up": pl.Int128(),
    "n": pl.Int64(),
    "resets": pl.Int64(),
    "bad": pl.Int64(),
    MIXED: pl.Boolean(),
}


class Samples:
    """What became of a counter (RATE a second, INCREASE) or of a gauge (DELTA).

    Parts: time (µs) and value (Int128: integers, or multiples of 2⁻⁴⁰) of the first and the last sample, `up` (the sum
    of all steps, each 0 or more), `n` samples, `resets`, `bad` (values that cannot be measured, which make the result
    NaN), `mixed`. Raw rows stand in the total order; pieces may come in any.
    """

    def __init__(self, said: Said) -> None:
        self.said = said

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """See the class."""
        return dict(_PARTS)

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The steps between neighbours of the group, which `with_neighbours` has found."""
        whole, time = column(call, "whole"), pl.col(TIME).to_physical()
        first, last = column(call, "first"), column(call, "last")
        steps, falls = _steps(whole, column(call, "before"))
        is_float = isinstance(call.args[0].dtype, Float)
        # Of one row a group, which is a sum that needs no look at the group itself.
        made = {
            "t0": pl.when(first).then(time).sum(),
            "v0": pl.when(first).then(whole).sum(),
            "t1": pl.when(last).then(time).sum(),
            "v1": pl.when(last).then(whole).sum(),
            "up": steps.sum(),
            "n": whole.count(),
            "resets": falls.sum(),
            "bad": beyond(argument(call)).sum() if is_float else pl.lit(0),
            MIXED: pl.lit(value=False),
        }
        return [e.cast(_PARTS[n]).alias(part(call, n)) for n, e in made.items()]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Pieces in the order of their times, with the steps between them."""
        held = column(call, "n") > 0
        start = column(call, "t0").filter(held)
        ordered = {n: column(call, n).filter(held).sort_by(start) for n in ("t0", "v0", "t1", "v1")}
        steps, falls = _steps(ordered["v0"], ordered["v1"].shift(1))
        overlaps = ordered["t0"] <= ordered["t1"].cum_max().shift(1)
        made = {
            "t0": ordered["t0"].first(),
            "v0": ordered["v0"].first(),
            "t1": ordered["t1"].last(),
            "v1": ordered["v1"].last(),
            "up": column(call, "up").sum() + steps.sum(),
            "n": column(call, "n").sum(),
            "resets": column(call, "resets").sum() + falls.sum(),
            "bad": column(call, "bad").sum(),
            MIXED: column(call, MIXED).any() | overlaps.any(),
        }
        return [e.cast(_PARTS[n]).alias(part(call, n)) for n, e in made.items()]

    def final(self, call: AggregateCall) -> pl.Expr:
        """NULL with less than two samples, and where pieces interleave."""
        time = column(call, "t1") - column(call, "t0")
        enough = column(call, "n") > 1
        match self.said:
            case "rate":
                value = _number(call, column(call, "up") * _SECOND) / pl.when(time > 0).then(time).cast(pl.Float64)
            case "increase":
                value = _number(call, column(call, "up"))
            case _:
                value = _number(call, column(call, "v1") - column(call, "v0"))
        known = pl.when(column(call, "bad") > 0).then(pl.lit(float("nan"))).otherwise(pl.when(enough).then(value))
        return pl.when(~column(call, MIXED)).then(known)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, pl.Float64)


def with_neighbours(frame: pl.DataFrame, by: Sequence[str], calls: Sequence[AggregateCall]) -> pl.DataFrame:
    """Rows (in the total order) with what `partial` reads of these calls: each sample and the one before it."""
    groups, made = Groups(frame, by), []
    for call in calls:
        value = argument(call)
        is_float = isinstance(call.args[0].dtype, Float)
        whole = frame.select(units(value) if is_float else value.cast(pl.Int128)).to_series()
        found = {"whole": whole, **neighbours(whole, groups)}
        made += [series.alias(part(call, name)) for name, series in found.items()]
    return frame.with_columns(made)


def _steps(value: pl.Expr, before: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """How far a counter went from `before` to `value`, and whether it began anew between them; NULL for the first."""
    step = value - before
    # A reset counter stands where it got to from 0; below 0 no counter can be.
    return pl.when(step < 0).then(value.clip(lower_bound=0)).otherwise(step), step < 0


def _number(call: AggregateCall, total: pl.Expr) -> pl.Expr:
    number = total.cast(pl.Float64)
    return number / SCALE if isinstance(call.args[0].dtype, Float) else number
