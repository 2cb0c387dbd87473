"""Merging row after row: what an aggregate is after each partial row of a group, by columns.

A family whose merge has a cumulative form says it here; for all others `slac.plan.accumulation` merges by doubling
steps.
"""

from __future__ import annotations

from functools import singledispatch

import polars as pl

from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import Family, column
from slac.plan.aggregation.ranks import Rank
from slac.plan.aggregation.spread import Spread
from slac.plan.aggregation.totals import Average, Sum
from slac.plan.estimates.thinned import Beside
from slac.plan.expressions import AggregateCall
from slac.stream.types import Duration, Float, Int, Timestamp

_NAN = float("nan")


@singledispatch
def cumulative(family: Family, call: AggregateCall) -> list[pl.Expr] | None:
    """One expression a part, over the partial rows of a group in their order; None where there is no such form."""
    return None


@cumulative.register(Count)
@cumulative.register(Sum)
@cumulative.register(Average)
@cumulative.register(Spread)
@cumulative.register(Beside)
def _(family: Family, call: AggregateCall) -> list[pl.Expr] | None:
    return [column(call, name).cum_sum() for name in family.parts(call)]


@cumulative.register
def _(family: Extreme, call: AggregateCall) -> list[pl.Expr] | None:
    value = column(call, "value")
    match call.dtype:
        case Float():
            numbers, any_nan = value.fill_nan(None), value.is_nan().fill_null(value=False).cum_max()
            nan = pl.when(any_nan).then(_NAN)
            # NaN is greater than every number, which Polars' own cumulative forms do not know.
            found = nan.otherwise(_filled(numbers.cum_max())) if family.greatest else numbers.cum_min()
            return [pl.coalesce(_filled(found), nan).alias(value.meta.output_name())]
        case Int() | Timestamp() | Duration():
            return [_filled(value.cum_max() if family.greatest else value.cum_min())]
        case _:
            return None


@cumulative.register
def _(family: Rank, call: AggregateCall) -> list[pl.Expr] | None:
    rank = column(call, "rank")
    return [_filled(rank.cum_max() if family.worst else rank.cum_min())]


@cumulative.register
def _(family: End, call: AggregateCall) -> list[pl.Expr] | None:
    at = column(call, "at")
    present = at.struct.field("value").is_not_null()
    kept = pl.when(present).then(at)
    if family.last:
        return [kept.forward_fill().alias(at.meta.output_name())]
    return [pl.when(present.cum_max()).then(kept.drop_nulls().first()).alias(at.meta.output_name())]


def _filled(value: pl.Expr) -> pl.Expr:
    """A cumulative form is NULL where its row has no value."""
    return value.forward_fill()
