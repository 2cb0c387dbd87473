"""Quantiles of rows with weights: the buckets of the sketch, and the excess of weight that lies in each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl

from slac.plan.aggregation.family import column, part
from slac.plan.aggregation.sketches import ACCURACY, BUCKETS, bucket_of, middle
from slac.plan.aggregation.tallies import COUNT, VALUE, merged_tallies
from slac.plan.estimates.totals import Floats
from slac.plan.expressions import AggregateCall
from slac.stream.batch import WEIGHT, WEIGHT_ONE

_GROUP, _BUCKET, _WEIGHT = "#group", "#bucket", "#weight"


class ThinnedQuantile:
    """Part `buckets`: a list of structs of bucket and Σ(w − 1), in multiples of 2⁻²⁰, where that is not 0."""

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`buckets`."""
        return {BUCKETS: pl.List(pl.Struct({VALUE: pl.Int32(), COUNT: pl.Int64()}))}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """By bucket; no bucket without weights."""
        bucket = bucket_of(call)
        if WEIGHT not in columns:
            rows = pl.struct(bucket.alias(VALUE), pl.lit(0, pl.Int64).alias(COUNT)).head(0)
            return [rows.implode().alias(part(call, BUCKETS))]
        more = pl.col(WEIGHT).fill_null(WEIGHT_ONE).cast(pl.Int64) - WEIGHT_ONE
        rows = pl.struct(bucket.alias(VALUE), more.alias(COUNT)).filter(bucket.is_not_null() & (more != 0))
        return [merged_tallies(rows.implode()).implode().alias(part(call, BUCKETS))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums by bucket."""
        return [merged_tallies(column(call, BUCKETS)).implode().alias(part(call, BUCKETS))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """None of its own."""
        return pl.lit(None, pl.Float64)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """None."""
        return pl.lit(None, pl.Float64)


def counted(groups: pl.DataFrame, call: AggregateCall) -> Floats:
    """How many rows with a value each group has."""
    number = column(call, BUCKETS).list.eval(pl.element().struct.field(COUNT)).list.sum()
    found: Floats = groups.select(number.cast(pl.Float64)).to_series().to_numpy()
    return found


def quantiles(groups: pl.DataFrame, call: AggregateCall, excess: str, ranks: Sequence[Floats]) -> list[Floats]:
    """By group: the value at the first rank, a bound below that at the second, and one above that at the third.

    Ranks are sums of weights; NaN where there is no value, infinite where a rank lies outside of all.
    """
    cells = _cells(groups, call, excess)
    total = pl.col(_WEIGHT).cum_sum().over(_GROUP)
    cells = cells.with_columns(total.alias(_WEIGHT), middle(pl.col(_BUCKET)).alias("value"))
    found: list[Floats] = []
    for rank in ranks:
        asked = pl.DataFrame({_GROUP: np.arange(groups.height), "rank": rank * WEIGHT_ONE})
        reached = cells.join(asked, on=_GROUP).filter(pl.col(_WEIGHT) > pl.col("rank"))
        first = reached.group_by(_GROUP).agg(pl.col("value").first())
        value = asked.join(first, on=_GROUP, how="left", maintain_order="left")["value"]
        found.append(value.fill_null(float("nan")).to_numpy())
    none = np.isnan(found[0])
    low = np.where(ranks[1] <= 0, -np.inf, found[1] - ACCURACY * np.abs(found[1]))
    high = np.where(np.isnan(found[2]), np.inf, found[2] + ACCURACY * np.abs(found[2]))
    return [found[0], np.where(none, np.nan, low), np.where(none, np.nan, high)]


def _cells(groups: pl.DataFrame, call: AggregateCall, excess: str) -> pl.DataFrame:
    """Group, bucket and weight (multiples of 2⁻²⁰), in order; without buckets that weigh nothing."""
    parts = []
    for name, factor in ((part(call, BUCKETS), WEIGHT_ONE), (f"{excess}.{BUCKETS}", 1)):
        rows = pl.DataFrame([pl.Series(_GROUP, np.arange(groups.height)), groups[name].alias(_BUCKET)])
        rows = rows.explode(_BUCKET).drop_nulls(_BUCKET)
        cell = pl.col(_BUCKET).struct
        weight = (cell.field(COUNT) * factor).alias(_WEIGHT)
        parts.append(rows.select(_GROUP, cell.field(VALUE).alias(_BUCKET), weight))
    together = pl.concat(parts).group_by(_GROUP, _BUCKET).agg(pl.col(_WEIGHT).sum())
    return together.filter(pl.col(_WEIGHT) > 0).sort(_GROUP, _BUCKET)
