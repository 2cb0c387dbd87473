"""What closed windows say, column by column: values of the aggregates, `project` and `then`, mostly without a query.

A window closes with some hundred or thousand rows, of which a query costs more than what it does. What has no form
here goes through the expressions of its family, and of `project` and `then`, which stay the definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import Family, part
from slac.plan.aggregation.totals import Average, Sum
from slac.plan.at_once import AtOnce, at_once
from slac.plan.expressions import AggregateCall, NamedExpr
from slac.plan.lowering import lower
from slac.plan.nodes import WindowNode
from slac.stream.sums import SCALE
from slac.stream.types import Duration, Float, to_polars

Found: TypeAlias = dict[str, pl.Series]

_AS_WRITTEN: Final = pl.QueryOptFlags.none()


class WindowValues:
    """Makes the columns of one node's rows from partial rows, one a row."""

    def __init__(self, node: WindowNode) -> None:
        self._calls = node.aggregates
        self._finals = {c.name: family(c).final(c).cast(to_polars(c.dtype)).alias(c.name) for c in node.aggregates}
        self._steps = [_Step(step) for step in (node.project, *([one] for one in node.then)) if step]

    def of(self, groups: pl.DataFrame, found: Found) -> Found:
        """`found`, with the values of the aggregates, then what is made of all that; names that are known are new."""
        values = {call.name: value_of(family(call), call, groups) for call in self._calls}
        lacking = [self._finals[name] for name, value in values.items() if value is None]
        others = groups.lazy().select(lacking).collect(optimizations=_AS_WRITTEN).to_dict() if lacking else {}
        for call in self._calls:
            value = values[call.name]
            found[call.name] = others[call.name] if value is None else typed(value, call)
        for step in self._steps:
            found.update(step.of(found))
        return found


class _Step:
    """Columns that are made at the same time, each of what was known before."""

    def __init__(self, columns: Sequence[NamedExpr]) -> None:
        lowered = {one.name: lower(one.expr).alias(one.name) for one in columns}
        bare = {name: expr.meta.undo_aliases() for name, expr in lowered.items()}
        self._renamed = {name: e.meta.output_name() for name, e in bare.items() if e.meta.is_column()}
        self._lowered = {name: expr for name, expr in lowered.items() if name not in self._renamed}
        self._at_once: dict[str, AtOnce | None] = {
            one.name: at_once(one.expr) for one in columns if one.name in self._lowered
        }

    def of(self, found: Found) -> Found:
        made = {name: found[of].alias(name) for name, of in self._renamed.items()}
        if not self._lowered:
            return made
        rows = pl.DataFrame([column.alias(name) for name, column in found.items()])
        lacking = []
        for name, work in self._at_once.items():
            column = None if work is None else work(rows)
            if column is None:
                lacking.append(self._lowered[name])
            else:
                made[name] = column.alias(name)
        if lacking:
            # By `with_columns`, where a constant is as long as the others.
            computed = rows.with_columns(lacking)
            made.update((e.meta.output_name(), computed[e.meta.output_name()]) for e in lacking)
        return made


def typed(value: pl.Series, call: AggregateCall) -> pl.Series:
    """In the type of the call, by its name."""
    dtype = to_polars(call.dtype)
    return (value if value.dtype == dtype else value.cast(dtype)).alias(call.name)


@singledispatch
def value_of(family: Family, call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    """The value of each partial row; None where this needs the expressions of its family."""
    return None


@value_of.register
def _(family: Count, call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    return groups[part(call, "n")]


@value_of.register
def _(family: Sum, call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    if isinstance(call.args[0].dtype, Float):
        return _of_floats(call, groups)
    total = narrowed(groups[part(call, "sum")])
    return None if total is None or _lacks(call, groups) else total


@value_of.register
def _(family: Average, call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    if isinstance(call.dtype, Duration):
        return None
    if isinstance(call.args[0].dtype, Float):
        total = _of_floats(call, groups)
        return None if total is None else pl.Series(total.to_numpy() / groups[part(call, "n")].to_numpy())
    total = narrowed(groups[part(call, "sum")])
    if total is None or _lacks(call, groups):
        return None
    return pl.Series(total.to_numpy().astype(np.float64) / groups[part(call, "n")].to_numpy())


@value_of.register
def _(family: Extreme, call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    value = groups[part(call, "value")]
    # Of both zeros either might have come first: it is 0.0.
    return value + 0.0 if isinstance(call.dtype, Float) else value


@value_of.register
def _(family: End, call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    at = groups[part(call, "at")]
    return None if at.null_count() else at.struct.unnest()["value"]


def narrowed(total: pl.Series) -> pl.Series | None:
    """Whole numbers of 128 bits as Int64, where all fit."""
    narrow = total.cast(pl.Int64, strict=False)
    return None if narrow.null_count() else narrow


def _of_floats(call: AggregateCall, groups: pl.DataFrame) -> pl.Series | None:
    """The total of floats, where all could be summed."""
    total = narrowed(groups[part(call, "sum")])
    if total is None or _lacks(call, groups) or groups[part(call, "bad")].max():
        return None
    return pl.Series(total.to_numpy() / SCALE)


def _lacks(call: AggregateCall, groups: pl.DataFrame) -> bool:
    """Whether some group has no value."""
    return not groups[part(call, "n")].min()
