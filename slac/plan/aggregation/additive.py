"""What each row adds to an aggregate whose parts are sums.

Where all parts of a call are sums, one row more is an addition and one row less a subtraction, both exact: windows that
give a row for each row need no merging then.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import singledispatch

import polars as pl

from slac.plan.aggregation import numbers
from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.family import Family, argument, part, per_row
from slac.plan.aggregation.flags import Every, Share, Some
from slac.plan.aggregation.numbers import Reading
from slac.plan.aggregation.spread import Spread
from slac.plan.aggregation.totals import Average, Sum
from slac.plan.at_once import AtOnce, at_once
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.plan.subexpressions import columns_in
from slac.stream.batch import COUNT, KEPT, SEEN, WEIGHT, WEIGHT_ONE
from slac.stream.sums import weight_units
from slac.stream.types import Duration, Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a row adds to the part `name` (Int64, or `wide`: Int128): `reading` of the `value` of the row.

    `usual`: what nearly every row adds; `reading` then gives by how much a row differs from it. Without a `value` every
    row adds just that. `squared`: it adds the square of the reading. `like`: a part of the same type as this one.
    `quick`: the value without a query, where that can be had.
    """

    name: str
    value: pl.Expr | None
    reading: Reading = numbers.plain
    usual: int = 0
    wide: bool = False
    squared: bool = False
    like: str | None = None
    quick: AtOnce | None = None


@singledispatch
def additive(family: Family, call: AggregateCall) -> list[Added] | None:
    """One a part, in order; None where not all parts are sums."""
    return None


@additive.register
def _(family: Count, call: AggregateCall) -> list[Added] | None:
    if call.args:
        return [_present(call, argument(call), _quick(call))]
    if call.where is not None:
        return [_counted(call, "n", per_row(lower(call.where)), numbers.true)]
    return [Added(name=part(call, "n"), value=None, usual=1)]


@additive.register(Sum)
@additive.register(Average)
def _(family: Sum | Average, call: AggregateCall) -> list[Added] | None:
    value, quick, name = argument(call), _quick(call), part(call, "sum")
    match call.args[0].dtype:
        case Float():
            total = Added(name=name, value=value, reading=numbers.units, wide=True, quick=quick)
            return [total, _present(call, value, quick), _bad(call, value, numbers.unsummed, quick)]
        case Duration():
            total = Added(name=name, value=value, reading=numbers.microseconds, wide=True, quick=quick)
            return [total, _present(call, value, quick)]
        case _:
            return [Added(name=name, value=value, wide=True, quick=quick), _present(call, value, quick)]


@additive.register
def _(family: Spread, call: AggregateCall) -> list[Added] | None:
    value, quick, squares = argument(call), _quick(call), part(call, "squares")
    number: Reading = numbers.squared_integers
    bad: Reading = numbers.unsquared_integers
    if isinstance(call.args[0].dtype, Float):
        number, bad = numbers.square_units, numbers.unsquared
    return [
        Added(name=part(call, "sum"), value=value, reading=number, wide=True, like=squares, quick=quick),
        Added(name=squares, value=value, reading=number, wide=True, squared=True, quick=quick),
        _present(call, value, quick),
        _bad(call, value, bad, quick),
    ]


@additive.register(Share)
@additive.register(Every)
@additive.register(Some)
def _(family: Share | Every | Some, call: AggregateCall) -> list[Added] | None:
    flag, quick = argument(call), _quick(call)
    return [_counted(call, "true", flag, numbers.true, quick), _present(call, flag, quick)]


def support(columns: Collection[str]) -> list[Added]:
    """The same for `_kept` and `_seen`, by the columns of the rows (`slac.plan.aggregates.partial_exprs`)."""
    if WEIGHT in columns and not {COUNT, KEPT, SEEN}.intersection(columns):
        # The usual case of weights: as columns, without a query.
        weight = pl.col(WEIGHT)
        return [
            Added(name=KEPT, value=weight, reading=numbers.dropped, usual=1),
            Added(name=SEEN, value=weight, reading=numbers.excess, usual=WEIGHT_ONE, wide=True),
        ]
    one = pl.lit(1, pl.Int64) if WEIGHT not in columns else (pl.col(WEIGHT).fill_null(WEIGHT_ONE) > 0).cast(pl.Int64)
    kept = pl.coalesce(KEPT, one) - 1 if KEPT in columns else None
    kept = one - 1 if kept is None and WEIGHT in columns else kept
    weights = [weight_units(pl.col(SEEN))] if SEEN in columns else []
    weights += [pl.col(COUNT).cast(pl.Int128) * WEIGHT_ONE] if COUNT in columns else []
    weights += [pl.col(WEIGHT).cast(pl.Int128)] if WEIGHT in columns else []
    seen = pl.coalesce(*weights, pl.lit(WEIGHT_ONE, pl.Int128)) - WEIGHT_ONE if weights else None
    return [
        Added(name=KEPT, value=kept, usual=1),
        Added(name=SEEN, value=seen, usual=WEIGHT_ONE, wide=True),
    ]


def _quick(call: AggregateCall) -> AtOnce | None:
    """`argument` of a call without a query, where FILTER leaves no row out, and it is not the same for all rows."""
    is_constant = next(columns_in(call.args[0]), None) is None
    return None if call.where is not None or is_constant else at_once(call.args[0])


def _present(call: AggregateCall, value: pl.Expr, quick: AtOnce | None) -> Added:
    return _counted(call, "n", value, numbers.present, quick)


def _counted(call: AggregateCall, name: str, value: pl.Expr, reading: Reading, quick: AtOnce | None = None) -> Added:
    return Added(name=part(call, name), value=value, reading=reading, usual=1, quick=quick)


def _bad(call: AggregateCall, value: pl.Expr, reading: Reading, quick: AtOnce | None) -> Added:
    return Added(name=part(call, "bad"), value=value, reading=reading, quick=quick)
