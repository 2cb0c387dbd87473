"""Counts by bucket of many groups at once, for QUANTILE: by one more grouping instead of a look into each group.

An expression that sorts and counts inside a group costs as much for each group as a query does. Here the bucket is one
more key; what it gives is the same, bucket by bucket in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from slac.plan.aggregation.family import column, part
from slac.plan.aggregation.sketches import BUCKETS, bucket_of
from slac.plan.aggregation.tallies import COUNT, VALUE
from slac.plan.expressions import AggregateCall
from slac.stream.batch import WEIGHT, WEIGHT_ONE

_BUCKET: Final = "#bucket"
_NUMBER: Final = "#number"
_CELL: Final = pl.List(pl.Struct({VALUE: pl.Int32(), COUNT: pl.Int64()}))
_AS_WRITTEN: Final = pl.QueryOptFlags.none()
EXCESS: Final = "thinned_quantile"
"""The aggregate that is kept beside quantiles where rows have weights."""


def cells_of_rows(frame: pl.DataFrame, keys: Sequence[str], calls: Sequence[AggregateCall]) -> pl.DataFrame | None:
    """By group (NULL keys are one), of rows: the part `buckets` of each call, NULL where a group has no value.

    None, or a column that is not there: no group has one.
    """
    weighed = [call for call in calls if call.function != EXCESS or WEIGHT in frame.columns]
    return _cells(keys, weighed, lambda call: _counted(frame.lazy(), keys, call), share=True)


def cells_of_cells(frame: pl.DataFrame, keys: Sequence[str], calls: Sequence[AggregateCall]) -> pl.DataFrame | None:
    """The same of partial rows."""
    return _cells(keys, calls, lambda call: _summed(frame.lazy(), keys, call), share=False)


def with_cells(
    groups: pl.DataFrame, keys: Sequence[str], cells: pl.DataFrame | None, calls: Sequence[AggregateCall]
) -> pl.DataFrame:
    """Groups with the cells of these calls; an empty one where a group has no value."""
    names = [part(call, BUCKETS) for call in calls]
    if cells is not None:
        known = [name for name in names if name in cells.columns]
        joined = groups.lazy().join(cells.lazy(), on=list(keys), how="left", nulls_equal=True, maintain_order="left")
        filled = joined.with_columns(pl.col(name).fill_null(pl.lit([], _CELL)) for name in known)
        groups = filled.collect(optimizations=_AS_WRITTEN)
    lacking = [name for name in names if name not in groups.columns]
    return groups.hstack([pl.Series(name, [[]], _CELL).new_from_index(0, groups.height) for name in lacking])


def has_cells(call: AggregateCall) -> bool:
    """Whether the only part of a call is such a cell."""
    return call.function in ("quantile", "median", EXCESS)


def _cells(
    keys: Sequence[str],
    calls: Sequence[AggregateCall],
    counted: Callable[[AggregateCall], pl.LazyFrame],
    *,
    share: bool,
) -> pl.DataFrame | None:
    made: pl.DataFrame | None = None
    known: dict[str, str] = {}
    for call in calls:
        name, what = (
            part(call, BUCKETS),
            repr((call.args[0], call.where, call.function == EXCESS, None if share else call.name)),
        )
        if what in known and made is not None:
            made = made.hstack([made.get_column(known[what]).alias(name)])
            continue
        known[what] = name
        cell = pl.struct(pl.col(_BUCKET).alias(VALUE), pl.col(_NUMBER).alias(COUNT)).alias(name)
        # One query, not one for each step: a fifth of a millisecond each, which is more than some hundred rows cost.
        cells = counted(call).sort(_BUCKET).group_by(keys).agg(cell).collect(optimizations=_AS_WRITTEN)
        made = cells if made is None else made.join(cells, on=list(keys), how="full", nulls_equal=True, coalesce=True)
    return made


def _counted(frame: pl.LazyFrame, keys: Sequence[str], call: AggregateCall) -> pl.LazyFrame:
    if call.function == EXCESS:
        return _exceeding(frame, keys, call)
    rows = frame.select(*keys, bucket_of(call).alias(_BUCKET)).drop_nulls(_BUCKET)
    return rows.group_by([*keys, _BUCKET]).agg(pl.len().cast(pl.Int64).alias(_NUMBER))


def _exceeding(frame: pl.LazyFrame, keys: Sequence[str], call: AggregateCall) -> pl.LazyFrame:
    """Instead of how many values there are, by how much their weights (multiples of 2⁻²⁰) exceed one each."""
    more = (pl.col(WEIGHT).fill_null(WEIGHT_ONE).cast(pl.Int64) - WEIGHT_ONE).alias(_NUMBER)
    rows = frame.select(*keys, bucket_of(call).alias(_BUCKET), more).drop_nulls(_BUCKET)
    return rows.filter(pl.col(_NUMBER) != 0).group_by([*keys, _BUCKET]).agg(pl.col(_NUMBER).sum())


def _summed(frame: pl.LazyFrame, keys: Sequence[str], call: AggregateCall) -> pl.LazyFrame:
    rows = frame.select(*keys, column(call, BUCKETS).alias(_BUCKET)).explode(_BUCKET).drop_nulls(_BUCKET)
    fields = [pl.col(_BUCKET).struct.field(VALUE).alias(_BUCKET), pl.col(_BUCKET).struct.field(COUNT).alias(_NUMBER)]
    return rows.select(*keys, *fields).group_by([*keys, _BUCKET]).agg(pl.col(_NUMBER).sum())
