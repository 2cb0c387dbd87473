"""The values of aggregates from exact totals, in whole columns of NumPy: the same bits as `Family.final` gives.

What has no form here, or totals that are too large for it, goes through the parts and the expressions of its family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import FAMILIES, family
from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import Family, part
from slac.plan.aggregation.spread import SCALE as SQUARED_SCALE
from slac.plan.aggregation.spread import Spread
from slac.plan.aggregation.totals import Average, Sum
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.grouping import Longs, Mask
from slac.runtime.keyed.halved import Floats
from slac.runtime.keyed.integers import Integers, added, floats, narrow, times
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.squares import squared_deviations
from slac.stream.batch import KEPT, SEEN
from slac.stream.framing import column_of
from slac.stream.sums import SCALE, WEIGHT_SCALE
from slac.stream.types import Duration, Float, to_polars

_AS_WRITTEN: Final = pl.QueryOptFlags.none()


@dataclass(frozen=True, slots=True)
class Totals:
    """What groups of `count` rows (`column`: the same for Polars) amount to."""

    lanes: Lanes
    count: Longs
    column: pl.Series
    worth: Worth

    def __getitem__(self, name: str) -> Integers:
        usual = times(self.count, self.lanes.usual[name]) if self.lanes.usual[name] else None
        more = self.worth.sums.get(name)
        if more is None:
            return np.zeros_like(self.count) if usual is None else usual
        return narrow(more if usual is None else added(usual, more))

    def counted(self, name: str) -> Longs:
        """A part that counts rows, and is never wide."""
        found = self[name]
        return found if isinstance(found, np.ndarray) else found.low.view(np.int64)

    def counts(self, name: str) -> pl.Series:
        """The same as a column; most count all rows."""
        found = self.counted(name)
        return self.column if found is self.count else column_of("", found)

    def number(self, call: AggregateCall) -> tuple[Longs, Mask | None]:
        """How many values there are, or 1 where there are none; and where that is, if it is so anywhere."""
        number = self.counted(part(call, "n"))
        if not len(number) or number.min() > 0:
            return number, None
        return np.maximum(number, 1), number <= 0


class Finals:
    """Makes the values of some calls."""

    def __init__(self, calls: Sequence[AggregateCall], lanes: Lanes) -> None:
        self._calls, self._lanes = calls, lanes

    def of(self, count: Longs, worth: Worth) -> list[pl.Series]:
        """`_seen`, `_kept`, and a column a call, of groups of `count` rows."""
        totals = Totals(self._lanes, count, column_of("", count), worth)
        # What counts as one each needs no scale.
        seen = column_of(SEEN, floats(totals[SEEN]) / WEIGHT_SCALE if SEEN in worth.sums else count.astype(np.float64))
        kept = totals.counts(KEPT).alias(KEPT)
        made = {call.name: value_of(family(call), call, totals) for call in self._calls}
        others = self._by_parts([call for call in self._calls if made[call.name] is None], totals)
        return [seen, kept, *(others[name] if value is None else value.alias(name) for name, value in made.items())]

    def _by_parts(self, calls: Sequence[AggregateCall], totals: Totals) -> dict[str, pl.Series]:
        if not calls:
            return {}
        parts = pl.DataFrame(self._lanes.parts(totals.count, totals.worth, calls))
        values = [FAMILIES[c.function].final(c).cast(to_polars(c.dtype)).alias(c.name) for c in calls]
        return parts.lazy().select(values).collect(optimizations=_AS_WRITTEN).to_dict()


@singledispatch
def value_of(family: Family, call: AggregateCall, totals: Totals) -> pl.Series | None:
    """The value of each group in the type of the call; None where this needs the parts."""
    return None


@value_of.register
def _(family: Count, call: AggregateCall, totals: Totals) -> pl.Series | None:
    return totals.counts(part(call, "n"))


@value_of.register
def _(family: Sum, call: AggregateCall, totals: Totals) -> pl.Series | None:
    total, (_, none) = totals[part(call, "sum")], totals.number(call)
    if isinstance(call.args[0].dtype, Float):
        return _known(_without(_scaled(total), call, totals), none)
    return _known(total, none).cast(to_polars(call.dtype)) if isinstance(total, np.ndarray) else None


@value_of.register
def _(family: Average, call: AggregateCall, totals: Totals) -> pl.Series | None:
    if isinstance(call.dtype, Duration):
        return None
    total, (number, none) = totals[part(call, "sum")], totals.number(call)
    if not isinstance(call.args[0].dtype, Float):
        return _known(floats(total) / number, none)
    mean = _scaled(total)
    mean /= number
    return _known(_without(mean, call, totals), none)


@value_of.register
def _(family: Spread, call: AggregateCall, totals: Totals) -> pl.Series | None:
    number, none = totals.number(call)
    value = squared_deviations(number, totals[part(call, "sum")], totals[part(call, "squares")])
    if value is None:
        return None
    if isinstance(call.args[0].dtype, Float):
        value *= 1.0 / (SQUARED_SCALE * SQUARED_SCALE)
    if family.sample:
        degrees = number - 1
        single = degrees == 0
        if single.any():
            none, degrees = single, np.maximum(degrees, 1)
        value /= degrees
    else:
        value /= number
    if family.root:
        with np.errstate(invalid="ignore"):
            np.sqrt(value, out=value)
    return _known(_without(value, call, totals), none)


@value_of.register
def _(family: Extreme, call: AggregateCall, totals: Totals) -> pl.Series | None:
    # Codes know one zero only, which is the one that `Extreme.final` gives.
    name = part(call, "value")
    return next((totals.lanes.peak(p, totals.count, totals.worth) for p in totals.lanes.peaks if p.name == name), None)


def _scaled(total: Integers) -> Floats:
    """Of units: a power of two, so that a product is as good as a quotient."""
    values = floats(total)
    values *= 1.0 / SCALE
    return values


def _without(values: Floats, call: AggregateCall, totals: Totals) -> Floats:
    """NaN where something could not be summed."""
    bad = part(call, "bad")
    return np.where(totals.counted(bad) > 0, np.nan, values) if bad in totals.worth.sums else values


def _known(values: Longs | Floats, none: Mask | None) -> pl.Series:
    """NULL where there is none."""
    column = column_of("", values)
    if none is None:
        return column
    return column.zip_with(pl.Series(~none), pl.Series([None], dtype=column.dtype).new_from_index(0, len(column)))
