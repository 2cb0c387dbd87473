"""QUANTILE and TOP: bounded states that depend on the set of values alone, not on their order."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.aggregation.tallies import COUNT, VALUE, merged_tallies, tally
from slac.plan.expressions import AggregateCall
from slac.stream.types import to_polars

ACCURACY: Final = 0.01
"""QUANTILE is within this part of a value that has the rank."""
TOP_KEPT: Final = 1000
"""TOP is NULL where there are more different values than this."""

_ELEMENT: Final = pl.element()


BUCKETS: Final = "buckets"
"""The only part of QUANTILE."""
_GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GAMMA: Final = math.log(_GAMMA)
_SHIFT: Final = 1 << 20
"""Brings the bucket of every positive double above zero."""
_INFINITE: Final = 1 << 22
_NOT_A_NUMBER: Final = _INFINITE + 1


class Quantile:
    """A quantile by buckets whose bounds grow by 2 % (DDSketch): within 1 % of a value of that rank.

    Part `buckets`: a list of structs of bucket and count; buckets are ordered like their values.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`buckets`."""
        return {BUCKETS: pl.List(pl.Struct({VALUE: pl.Int32(), COUNT: pl.Int64()}))}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Count by bucket."""
        return [tally(bucket_of(call)).implode().alias(part(call, BUCKETS))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums by bucket."""
        return [merged_tallies(column(call, BUCKETS)).implode().alias(part(call, BUCKETS))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The middle of the bucket in which the value of the rank ⌊q (n − 1)⌋ lies; NULL without values."""
        quantile = float(call.options[0]) if call.options else 0.5
        count = _ELEMENT.struct.field(COUNT)
        reached = count.cum_sum() > (quantile * (count.sum() - 1)).floor()
        found = column(call, BUCKETS).list.eval(_ELEMENT.struct.field(VALUE).filter(reached).first())
        return middle(found.list.first())

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, pl.Float64)


def bucket_of(call: AggregateCall) -> pl.Expr:
    """The bucket (Int32) of each row's value; NULL where it has none."""
    return _bucket(argument(call).cast(pl.Float64))


def _bucket(value: pl.Expr) -> pl.Expr:
    size = value.abs()
    finite = (size.log() / _LOG_GAMMA).ceil().cast(pl.Int32, strict=False) + _SHIFT
    place = pl.when(size.is_nan()).then(_NOT_A_NUMBER).when(size.is_infinite()).then(_INFINITE).otherwise(finite)
    signed = pl.when(value < 0).then(-place).when(value == 0).then(0).otherwise(place)
    return pl.when(value.is_not_null()).then(signed).cast(pl.Int32)


def middle(bucket: pl.Expr) -> pl.Expr:
    """The value in the middle of a bucket."""
    size = bucket.abs()
    value = ((size - _SHIFT).cast(pl.Float64) * _LOG_GAMMA).exp() * (2 / (1 + _GAMMA))
    finite = pl.when(size == _NOT_A_NUMBER).then(math.nan).when(size == _INFINITE).then(math.inf).otherwise(value)
    return pl.when(bucket == 0).then(0.0).when(bucket < 0).then(-finite).otherwise(finite)


class Top:
    """The most frequent values with their counts, exact; of equally frequent ones the least come first.

    Part `counts`: a list of structs of value and count, of at most 1001 values.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`counts`."""
        return {"counts": pl.List(pl.Struct({VALUE: to_polars(call.args[0].dtype), COUNT: pl.Int64()}))}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Count by value."""
        return [tally(argument(call)).head(TOP_KEPT + 1).implode().alias(part(call, "counts"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """Sums by value: once there are too many values, there are too many for ever."""
        return [merged_tallies(column(call, "counts")).head(TOP_KEPT + 1).implode().alias(part(call, "counts"))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The first of them; NULL without values, and with too many to count."""
        counts = column(call, "counts")
        first = counts.list.eval(_frequent(int(call.options[0])))
        return pl.when(counts.list.len().is_between(1, TOP_KEPT)).then(first)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None)


def _frequent(most: int) -> pl.Expr:
    """The first elements of a tally by falling count, then by value."""
    ordered = pl.struct((-_ELEMENT.struct.field(COUNT)).alias(COUNT), _ELEMENT.struct.field(VALUE)).sort().head(most)
    return pl.struct(ordered.struct.field(VALUE), -ordered.struct.field(COUNT))


__all__ = ["ACCURACY", "BUCKETS", "TOP_KEPT", "Quantile", "Top", "bucket_of", "middle"]
