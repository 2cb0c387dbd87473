"""From the sums that are kept beside aggregates to estimates and their bounds, a column a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.family import Family, part
from slac.plan.aggregation.flags import Share
from slac.plan.aggregation.sketches import Quantile
from slac.plan.aggregation.spread import SCALE as SQUARED
from slac.plan.aggregation.spread import Spread
from slac.plan.aggregation.totals import Average, Sum
from slac.plan.estimates.calls import GROUP, UNCOUNTED
from slac.plan.estimates.moments import COUNTED, UNIT, moments
from slac.plan.estimates.past import Past, Powers, mean_of, with_past
from slac.plan.estimates.ranked import counted, quantiles
from slac.plan.estimates.spans import Floats, Mask, Span, of_count, of_mean, of_share, of_variance
from slac.plan.expressions import AggregateCall
from slac.stream.batch import SEEN, WEIGHT_ONE
from slac.stream.sums import SCALE, WEIGHT_SCALE
from slac.stream.types import Float

_NONE: Final = np.inf
_OFF: Final = 2.0 ** -(UNIT + 1)
"""By how much a power is off at most, because it is rounded."""
FEWEST: Final = 8
"""Of fewer values that stand for others nothing is said of how far these may be from them."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value a group, NaN where there is none, and its bounds; whether it is open if there should be one."""

    value: Floats
    span: Span
    is_open: Mask


Estimates: TypeAlias = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Sums:
    """Partial rows, read as numbers; `z`: how many standard deviations an interval reaches; `counted`: by gates.

    `beside`: by the name of a call those of what is kept beside it. `past`: what is known from windows before.
    """

    groups: pl.DataFrame
    z: float
    counted: frozenset[str]
    beside: Mapping[str, tuple[str, ...]]
    past: Past = field(default_factory=dict)
    _moments: dict[str, Floats] = field(default_factory=dict)

    def number(self, call: str, name: str, scale: float = 1.0) -> Floats:
        """A part, divided by its scale."""
        found: Floats = self.groups[f"{call}.{name}"].cast(pl.Float64).to_numpy()
        return found / scale if scale != 1.0 else found

    def moment(self, call: str, name: str) -> Floats:
        """A moment: of weights alone, or put together from its limbs."""
        if name[1] == "0":
            return self.number(call, name, 2.0**COUNTED)
        if not self._moments:
            self._moments.update(moments(self.groups))
        return self._moments[f"{call}.{name}"]

    def unseen(self, of: str = GROUP) -> Floats:
        """The weight of an event of a group of which none was kept: the mean of those that were, if any were."""
        kept, more = self.number(of, "k"), self.number(of, "more", WEIGHT_SCALE)
        weights = kept + more + self.number(of, "zero")
        unknown = np.where(self.number(GROUP, "zero") > 0, np.inf, 1.0)
        return np.where(kept > 0, 1 + self.moment(of, "a0") / np.maximum(weights, 1.0), unknown)

    def together(self, call: str, other: str, times: int, scale: float) -> Floats:
        """`times` the part of a call and that of `other` beside it, both integers, as one number."""
        factor = pl.Series([times], dtype=pl.Int128)
        total = self.groups[call].cast(pl.Int128) * factor + self.groups[other].cast(pl.Int128)
        found: Floats = total.cast(pl.Float64).to_numpy()
        return found / scale


@singledispatch
def estimate(kind: Family, call: AggregateCall, sums: Sums) -> Estimate | None:
    """None for what has no estimate: then the value is of the kept rows, and nothing is known of the others."""
    return None


@estimate.register
def _(kind: Count, call: AggregateCall, sums: Sums) -> Estimate | None:
    rows, (beside,) = sums.number(call.name, "n"), sums.beside[call.name]
    kept, zero = sums.number(beside, "k"), sums.number(beside, "zero")
    more, gate = sums.number(beside, "more", WEIGHT_SCALE), sums.number(beside, "gate")
    spread = sums.moment(beside, "a0")
    whole = rows - kept - zero + gate
    unseen = sums.unseen(GROUP)
    if call.name in sums.counted:
        unseen = np.where(sums.number(UNCOUNTED, "k") > 0, sums.unseen(UNCOUNTED), 1.0)
    span = of_count(whole, kept, kept + zero + more, spread, unseen, sums.z)
    return Estimate(np.rint(rows + more + gate), span, np.zeros(len(rows), np.bool_))


@estimate.register
def _(kind: Share, call: AggregateCall, sums: Sums) -> Estimate | None:
    known, true = sums.beside[call.name]
    number = sums.number(call.name, "n") + sums.number(known, "more", WEIGHT_SCALE) + sums.number(known, "gate")
    hits = sums.number(call.name, "true") + sums.number(true, "more", WEIGHT_SCALE) + sums.number(true, "gate")
    with np.errstate(all="ignore"):
        share = np.clip(hits / number, 0.0, 1.0)
        all_spread, true_spread = sums.moment(known, "a0"), sums.moment(true, "a0")
        variance = (true_spread * (1 - 2 * share) + share * share * all_spread) / (number * number)
        values = np.where(all_spread > 0, number * number / all_spread, _NONE)
    span = of_share(share, variance, values, sums.z)
    exact = (all_spread <= 0) & (true_spread <= 0)
    span = Span(np.where(exact, share, span.low), np.where(exact, share, span.high))
    return Estimate(share, span, (number <= 0) & (sums.number(GROUP, "zero") > 0))


@estimate.register
def _(kind: Sum, call: AggregateCall, sums: Sums) -> Estimate | None:
    """Σwx; where the gates have counted all rows, their number times the mean, which leaves less open."""
    (beside,) = sums.beside[call.name]
    number = sums.number(call.name, "n") + sums.number(beside, "more", WEIGHT_SCALE)
    total, kept = np.where(number > 0, _total(call, sums), np.nan), sums.number(beside, "k")
    known = with_past(_plain(call, sums), sums.past.get((call.name, "sum")))
    variance, third = sums.moment(beside, "a0") * known.second, sums.moment(beside, "b0") * known.third
    span = of_mean(total, variance, third, kept, sums.z)
    if call.where is None and not call.args[0].nullable:
        known = (sums.number(UNCOUNTED, "k") == 0) & (sums.number(GROUP, "k") > 0) & (number > 0)
        rows = sums.groups[SEEN].cast(pl.Float64).to_numpy() / WEIGHT_SCALE
        mean, around = _mean(call, sums)
        total = np.where(known, mean * rows, total)
        low, high = np.where(known, around.low * rows, span.low), np.where(known, around.high * rows, span.high)
        span = Span(low, high)
    return _told(total, span, call, sums)


@estimate.register
def _(kind: Average, call: AggregateCall, sums: Sums) -> Estimate | None:
    return _told(*_mean(call, sums), call, sums)


def _mean(call: AggregateCall, sums: Sums) -> tuple[Floats, Span]:
    """Σwx / Σw, and what it lies between, from the deviations from it."""
    (beside,) = sums.beside[call.name]
    number = sums.number(call.name, "n") + sums.number(beside, "more", WEIGHT_SCALE)
    known = with_past(_central(call, sums), sums.past.get((call.name, "mean")))
    with np.errstate(all="ignore"):
        mean, square = _total(call, sums) / number, number * number
        variance = sums.moment(beside, "a0") * known.second / square
        third = sums.moment(beside, "b0") * known.third / (square * number)
        span = of_mean(mean, variance, third, sums.number(beside, "k"), sums.z)
    return mean, span


def _plain(call: AggregateCall, sums: Sums) -> Powers:
    """Of the values of a sum or mean that stand for others."""
    (beside,) = sums.beside[call.name]
    a0, a1, a2, b0, b3 = (sums.moment(beside, name) for name in ("a0", "a1", "a2", "b0", "b3"))
    return Powers(sums.number(beside, "k"), mean_of(a2, a0) + _rounded(a1), mean_of(b3, b0))


def _rounded(a1: Floats) -> Floats:
    """By how much the mean of squares is off at most; those of zeros are exact."""
    return np.where(a1 != 0, _OFF, 0.0)


def _central(call: AggregateCall, sums: Sums) -> Powers:
    """Of their deviations from the mean."""
    (beside,) = sums.beside[call.name]
    number = sums.number(call.name, "n") + sums.number(beside, "more", WEIGHT_SCALE)
    a0, a1, a2 = (sums.moment(beside, f"a{n}") for n in range(3))
    b0, b1, b2, b3 = (sums.moment(beside, f"b{n}") for n in range(4))
    with np.errstate(all="ignore"):
        mean = _total(call, sums) / number
        # What cancels leaves an error that is bounded by what was cancelled; of small values, by what was rounded.
        variance = a2 - 2 * mean * a1 + mean * mean * a0
        lost = (np.abs(a2) + np.abs(2 * mean * a1) + mean * mean * np.abs(a0)) * 2.0**-50
        lost = np.maximum(lost, a0 * _rounded(a1) * (1 + np.abs(mean)) ** 2)
        third = b3 - 3 * mean * b2 + 3 * mean * mean * b1 - mean * mean * mean * b0
        noise = (np.abs(b3) + np.abs(3 * mean * b2) + np.abs(mean * mean * mean * b0)) * 2.0**-50
        third = np.where(np.abs(third) > np.maximum(noise, b0 * _OFF * (1 + np.abs(mean)) ** 3), third, 0.0)
        return Powers(sums.number(beside, "k"), mean_of(np.maximum(variance, 0) + lost, a0), mean_of(third, b0))


def remembered(calls: Sequence[AggregateCall]) -> list[tuple[str, str]]:
    """What windows tell those behind them: of means, and of sums, of calls of these names."""
    found = []
    for call in calls:
        match family(call):
            case Average():
                found.append((call.name, "mean"))
            case Sum():
                found += [(call.name, "mean"), (call.name, "sum")]
    return found


def powers(call: AggregateCall, kind: str, sums: Sums) -> Powers:
    """Of one of these."""
    return _central(call, sums) if kind == "mean" else _plain(call, sums)


@estimate.register
def _(kind: Quantile, call: AggregateCall, sums: Sums) -> Estimate | None:
    """Between the values at two ranks, as far from the one that is asked for as the number of values lets them be."""
    number, excess = sums.beside[call.name]
    total = sums.number(number, "more", WEIGHT_SCALE) + counted(sums.groups, call)
    spread = sums.moment(number, "a0")
    asked = float(call.options[0]) if call.options else 0.5
    with np.errstate(all="ignore"):
        values = np.where(spread > 0, total * total / spread, _NONE)
        away = sums.z * np.sqrt(asked * (1 - asked) / values) + 0.5 / values
    ranks = [np.full(len(total), asked), asked - away, asked + away]
    value, low, high = quantiles(sums.groups, call, excess, [rank * total for rank in ranks])
    none = np.isnan(value) & (sums.number(GROUP, "zero") > 0)
    return Estimate(value, Span(low, high), none)


@estimate.register
def _(kind: Spread, call: AggregateCall, sums: Sums) -> Estimate | None:
    (beside,) = sums.beside[call.name]
    number = sums.number(call.name, "n") + sums.number(beside, "more", WEIGHT_SCALE)
    scale = SQUARED if isinstance(call.args[0].dtype, Float) else 1.0
    squares = sums.number(call.name, "squares", scale * scale) + sums.moment(beside, "m2")
    unit = SCALE if isinstance(call.args[0].dtype, Float) else WEIGHT_SCALE
    total = sums.number(call.name, "sum", scale) + sums.number(beside, "total", unit)
    a0, a1, a2, a3, a4 = (sums.moment(beside, f"a{n}") for n in range(5))
    with np.errstate(all="ignore"):
        mean = total / number
        variance = np.maximum(squares / number - mean * mean, 0.0)
        lost = (squares / number + mean * mean) * 2.0**-48
        fourth = a4 - 4 * mean * a3 + 6 * mean**2 * a2 - 4 * mean * mean * mean * a1 + mean**2 * mean**2 * a0
        second = a2 - 2 * mean * a1 + mean * mean * a0
        spread = np.maximum(fourth - 2 * variance * second + variance * variance * a0, 0.0) / (number * number)
        span = of_variance(variance, spread + lost * lost, sums.number(beside, "k"), sums.z)
        degrees = np.where(kind.sample & (number > 1), number / (number - 1), 1.0)
    values = [side * degrees for side in (variance, span.low, span.high)]
    value, low, high = map(np.sqrt, values) if kind.root else values
    value = np.where((sums.number(call.name, "bad") > 0), np.nan, value)
    return _told(value, Span(low, high), call, sums)


def _total(call: AggregateCall, sums: Sums) -> Floats:
    """Σwx; NaN where some values could not be summed."""
    own, beside = part(call, "sum"), f"{sums.beside[call.name][0]}.total"
    if not isinstance(call.args[0].dtype, Float):
        return sums.together(own, beside, WEIGHT_ONE, WEIGHT_SCALE)
    bad = sums.number(call.name, "bad") > 0
    return np.where(bad, np.nan, sums.together(own, beside, 1, SCALE))


def _told(value: Floats, span: Span, call: AggregateCall, sums: Sums) -> Estimate:
    """Without bounds where values were too large for their sums, or too few to say anything of the others."""
    (beside,) = sums.beside[call.name]
    kept, gone = sums.number(beside, "k"), sums.number(beside, "zero")
    unseen = (kept == 0) & ((gone > 0) | (sums.number(UNCOUNTED, "k") > 0))
    unbounded = unseen | ((kept > 0) & (kept < FEWEST)) | (sums.number(beside, "odd") > 0)
    unbounded |= np.isnan(span.low) | np.isnan(span.high)
    low, high = np.where(unbounded, -np.inf, span.low), np.where(unbounded, np.inf, span.high)
    return Estimate(value, Span(low, high), unseen)


def estimates(sums: Sums, calls: Sequence[AggregateCall]) -> Estimates:
    """By the name of the call, for those that have one."""
    found = {call.name: estimate(family(call), call, sums) for call in calls}
    return {name: one for name, one in found.items() if one is not None}


def thinned(groups: pl.DataFrame) -> pl.Series:
    """In which groups some row has a weight other than one."""
    return (groups[f"{GROUP}.k"] > 0) | (groups[f"{GROUP}.zero"] > 0)
