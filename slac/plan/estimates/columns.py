"""The values of a window's aggregates where its rows have weights, with columns for their bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import singledispatch
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import family, final_exprs
from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import Family
from slac.plan.aggregation.flags import Every, Some
from slac.plan.aggregation.ranks import Rank
from slac.plan.aggregation.registers import Distinct
from slac.plan.estimates.calls import GROUP, besides, is_beside
from slac.plan.estimates.doubts import doubted, has_doubts, is_doubt
from slac.plan.estimates.missed import Missed, unbounded
from slac.plan.estimates.past import Powers
from slac.plan.estimates.spans import Floats, Mask, quantile_of
from slac.plan.estimates.totals import Longs
from slac.plan.estimates.values import Estimate, Sums, estimate, estimates, powers, remembered, thinned
from slac.plan.expressions import AggregateCall, AnyExpr, Column, Literal
from slac.plan.intervals.bounds import FARTHEST, Between, Bounds, Unsure, as_bound, call, either, has_order
from slac.plan.intervals.columns import HIGH, LOW
from slac.plan.signatures import BOOL, FLOAT
from slac.stream.types import Bool, Duration, Float, to_polars

THINNED: Final = "_thinned"
"""Column (Boolean): of the group, rows have weights other than one."""
_THINNED: Final = Column(name=THINNED, dtype=BOOL)
_NO_LONG: Final = 2.0**63
"""A total from here on does not fit 64 bits: it is NULL, as one without weights is."""


class EstimatedColumns:
    """Makes the columns of some calls; `known` says what is known of their bounds, `remembered` what windows tell on.

    Without `bounded` nothing is known of the bounds of estimates: only of what gates have counted. `whole`: groups pass
    or do not; of one of which some rows were dropped (a threshold has changed meanwhile) nothing is known.
    `together`: so many rows of a group, at most, are kept or dropped at once: the variance of a total is at most so
    many times as large.
    """

    def __init__(
        self,
        calls: Sequence[AggregateCall],
        confidence: float,
        counted: Sequence[str] = (),
        *,
        bounded: bool = True,
        whole: bool = False,
        together: int = 1,
    ) -> None:
        self.calls = [one for one in calls if not is_beside(one)]
        self._z = quantile_of(confidence) * math.sqrt(together)
        self._counted = frozenset(counted)
        self._bounded = bounded
        self._whole = whole
        self._beside = besides(calls, counted)
        self._final = final_exprs(self.calls)
        self._typed = {one.name: one for one in self.calls}
        self.remembered = remembered(self.calls)
        own = {one.name: _bounds(family(one), one) for one in self.calls}
        kept = [name for name, bounds in own.items() if _is_kept(name, bounds)]
        self.columns = [THINNED, *(f"{side}{name}" for name in kept for side in (LOW, HIGH))]
        self.known: dict[str, Bounds] = own
        if has_doubts(self.calls):
            told = [one for one in self.calls if not is_doubt(one)]
            self.known = {o.name: doubted(o, own[o.name], self._typed, lambda c: own[c.name]) for o in told}

    def sums(self, groups: pl.DataFrame) -> Sums:
        """Partial rows, one a group, as numbers."""
        return Sums(groups, self._z, self._counted, self._beside)

    def powers(self, sums: Sums) -> Sequence[Powers]:
        """What windows tell those behind them, one for each of `remembered`."""
        return [powers(self._typed[call], kind, sums) for call, kind in self.remembered]

    def of(self, groups: pl.DataFrame, sums: Sums | None = None, missed: Missed | None = None) -> pl.DataFrame:
        """Partial rows, one a group, with `_seen`, `_kept`, a column a call, and those of `columns`.

        `sums`: the same as numbers, with what is known from windows before. `missed`: what groups may lack.
        """
        sums = self.sums(groups) if sums is None else sums
        thin, found = thinned(groups).alias(THINNED), estimates(sums, self.calls)
        if missed is not None:
            thin, found = thin | pl.Series(missed.where(sums)), missed.over(found, self.calls, sums)
        made = groups.with_columns([*self._final, thin])
        everywhere = np.full(made.height, fill_value=not self._bounded)
        unknown = (made[f"{GROUP}.zero"] > 0).to_numpy() if self._whole else everywhere
        columns = []
        for name, one in found.items():
            known = one if name in self._counted else unbounded(one, unknown)
            columns += _columns(self._typed[name], made[name], known, thin)
        return made.with_columns(columns)


def _is_kept(name: str, bounds: Bounds) -> bool:
    return isinstance(bounds, Between) and bounds.low == Column(name=f"{LOW}{name}", dtype=bounds.low.dtype)


def _columns(call: AggregateCall, exact: pl.Series, found: Estimate, thin: pl.Series) -> list[pl.Series]:
    """The value, and its bounds, which hold it; anything, where there is no value, but events that were dropped."""
    # In arrays: of some hundred groups each operation of a column costs as much as all of this.
    is_float, is_thin = isinstance(call.dtype, Float), thin.to_numpy()
    too_large = np.abs(found.value) >= _NO_LONG if not is_float else np.zeros(len(is_thin), np.bool_)
    known = ~(np.isnan(found.value) | too_large)
    number, lacks = _plain(exact)
    told, none = (found.value, ~np.isnan(number) | lacks) if is_float else (_whole(found.value), True)
    value = np.where(is_thin, np.where(known, told, number), number)
    lacks = np.where(is_thin, ~known & none, lacks)
    floats = np.where(lacks, 0.0, value)
    gone = (found.is_open | too_large) & is_thin & lacks
    sides = []
    for prefix, side, far in (
        (LOW, np.minimum(found.span.low, floats), -np.inf),
        (HIGH, np.maximum(found.span.high, floats), np.inf),
    ):
        bound = np.where(gone, far, np.where(is_thin & ~lacks, side, floats))
        series = _lacking(pl.Series(bound), lacks & ~gone)
        sides.append((_durations(series) if isinstance(call.dtype, Duration) else series).alias(f"{prefix}{call.name}"))
    made = pl.Series(value) if is_float else pl.Series(value).cast(to_polars(call.dtype))
    made = made if made.dtype == exact.dtype else made.cast(exact.dtype)
    return [_lacking(made, lacks).alias(call.name), *sides]


def _plain(values: pl.Series) -> tuple[Floats | Longs, Mask]:
    """As numbers, of whatever type, 0 for NULL; and where NULL is."""
    lacks = values.is_null().to_numpy() if values.null_count() else np.zeros(len(values), np.bool_)
    numbers = values.to_physical() if values.dtype.is_temporal() else values
    return (numbers.fill_null(0) if values.null_count() else numbers).to_numpy(), lacks


def _lacking(values: pl.Series, where: Mask) -> pl.Series:
    """With NULL in some places."""
    return values.zip_with(pl.Series(~where), _none(values)) if where.any() else values


def _durations(bounds: pl.Series) -> pl.Series:
    whole = np.clip(np.nan_to_num(bounds.to_numpy(), nan=0.0), -FARTHEST, FARTHEST)
    found = pl.Series(np.rint(whole).astype(np.int64)).cast(pl.Duration("us"))
    return found.zip_with(bounds.is_not_null(), _none(found))


def _whole(values: Floats) -> Longs:
    return np.rint(np.where(np.abs(values) < _NO_LONG, values, 0.0)).astype(np.int64)


def _none(like: pl.Series) -> pl.Series:
    return pl.Series(like.name, [None], dtype=like.dtype).new_from_index(0, len(like))


@singledispatch
def _bounds(kind: Family, one: AggregateCall) -> Bounds:
    """Of an aggregate that has no estimate, of a thinned group anything is possible."""
    if _has_estimate(kind):
        dtype = as_bound(Column(name=one.name, dtype=one.dtype)).dtype
        return Between(*(Column(name=f"{side}{one.name}", dtype=dtype) for side in (LOW, HIGH)))
    return Unsure(_THINNED)


def _has_estimate(kind: Family) -> bool:
    return estimate.dispatch(type(kind)) is not estimate.dispatch(object)


@_bounds.register
def _(kind: Extreme, one: AggregateCall) -> Bounds:
    """What was dropped may be greater than the greatest, or less than the least."""
    if not has_order(one.dtype) or isinstance(one.dtype, Bool):
        return Unsure(_THINNED)
    value = as_bound(Column(name=one.name, dtype=one.dtype))
    far = either(_somewhere(one), _far(value, above=kind.greatest), value)
    return Between(value, far) if kind.greatest else Between(far, value)


@_bounds.register
def _(kind: Distinct, one: AggregateCall) -> Bounds:
    """At least as many as were seen."""
    value = as_bound(Column(name=one.name, dtype=one.dtype))
    return Between(value, either(_THINNED, _far(value, above=True), value))


@_bounds.register
def _(kind: Some, one: AggregateCall) -> Bounds:
    """True for one that was kept is true."""
    value = Column(name=one.name, dtype=BOOL)
    return Between(value, call("or", value, _THINNED))


@_bounds.register
def _(kind: Every, one: AggregateCall) -> Bounds:
    """False for one that was kept is false."""
    value = Column(name=one.name, dtype=BOOL)
    return Between(call("and", value, call("not", _THINNED)), value)


@_bounds.register
def _(kind: Rank, one: AggregateCall) -> Bounds:
    """The last rank there is cannot be exceeded."""
    last = one.options[-1] if kind.worst else one.options[0]
    reached = call("is_not_distinct", Column(name=one.name, dtype=one.dtype), Literal(value=last, dtype=one.dtype))
    return Unsure(call("and", _THINNED, call("not", reached)))


def _somewhere(one: AggregateCall) -> AnyExpr:
    return call("and", _THINNED, call("not", call("is_null", Column(name=one.name, dtype=one.dtype))))


def _far(value: AnyExpr, *, above: bool) -> AnyExpr:
    if value.dtype == FLOAT:
        return Literal(value=math.inf if above else -math.inf, dtype=FLOAT)
    return Literal(value=FARTHEST if above else -FARTHEST, dtype=value.dtype)
