"""What each row adds to an aggregate whose parts are sums.

Where all parts of a call are sums, one row more is an addition and one row less a subtraction, both exact: windows that
give a row for each row need no merging then.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import singledispatch

import polars as pl

from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.family import Family, argument, part, per_row
from slac.plan.aggregation.flags import Every, Share, Some
from slac.plan.aggregation.spread import Spread, number_and_fits
from slac.plan.aggregation.totals import Average, Sum, whole_number
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.stream.batch import KEPT, SEEN, WEIGHT, WEIGHT_ONE
from slac.stream.sums import beyond, weight_units
from slac.stream.types import Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a row adds to the part `name` (Int64, or `wide`: Int128): whole numbers, as integers or Float64.

    `usual`: what nearly every row adds; None where there is no such number. Without `expr` every row adds just that.
    `squared`: it adds the square of `expr`. `like`: a part whose products with this one must not overflow either.
    """

    name: str
    expr: pl.Expr | None
    usual: int | None
    wide: bool = False
    squared: bool = False
    like: str | None = None


@singledispatch
def additive(family: Family, call: AggregateCall) -> list[Added] | None:
    """One a part, in order; None where not all parts are sums."""
    return None


@additive.register
def _(family: Count, call: AggregateCall) -> list[Added] | None:
    counted = None
    if call.args:
        counted = argument(call).is_not_null()
    elif call.where is not None:
        counted = per_row(lower(call.where))
    return [_counted(call, "n", counted)]


@additive.register(Sum)
@additive.register(Average)
def _(family: Sum | Average, call: AggregateCall) -> list[Added] | None:
    value = argument(call)
    sums = [_summed(call, "sum", whole_number(call, value)), _counted(call, "n", value.is_not_null())]
    return [*sums, _counted(call, "bad", beyond(value), usual=0)] if isinstance(call.args[0].dtype, Float) else sums


@additive.register
def _(family: Spread, call: AggregateCall) -> list[Added] | None:
    value = argument(call)
    number, fits = number_and_fits(call, value)
    return [
        Added(name=part(call, "sum"), expr=number, usual=None, wide=True, like=part(call, "squares")),
        _summed(call, "squares", number, squared=True),
        _counted(call, "n", value.is_not_null()),
        _counted(call, "bad", fits.not_(), usual=0),
    ]


@additive.register(Share)
@additive.register(Every)
@additive.register(Some)
def _(family: Share | Every | Some, call: AggregateCall) -> list[Added] | None:
    flag = argument(call)
    return [_counted(call, "true", flag), _counted(call, "n", flag.is_not_null())]


def support(columns: Collection[str]) -> list[Added]:
    """The same for `_kept` and `_seen`, by the columns of the rows (`slac.plan.aggregates.partial_exprs`)."""
    kept = pl.col(KEPT).fill_null(1) if KEPT in columns else None
    weights = [weight_units(pl.col(SEEN))] if SEEN in columns else []
    weights += [pl.col(WEIGHT).cast(pl.Int128)] if WEIGHT in columns else []
    seen = pl.coalesce(*weights, pl.lit(WEIGHT_ONE, pl.Int128)) if weights else None
    return [
        Added(name=KEPT, expr=kept, usual=1),
        Added(name=SEEN, expr=seen, usual=WEIGHT_ONE, wide=True),
    ]


def _counted(call: AggregateCall, name: str, flag: pl.Expr | None, usual: int = 1) -> Added:
    return Added(name=part(call, name), expr=flag, usual=usual)


def _summed(call: AggregateCall, name: str, value: pl.Expr, *, squared: bool = False) -> Added:
    return Added(name=part(call, name), expr=value, usual=None, wide=True, squared=squared)
