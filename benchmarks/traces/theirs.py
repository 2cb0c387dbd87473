"""What a user would write with bare Polars over all records at once: traces, checked; a class is a sum of hashes."""

from __future__ import annotations

import polars as pl

_TRACE = "trace_id"


def of_executions(records: pl.DataFrame) -> pl.DataFrame:
    """`trace_id`, `valid`, `hashed`, `at` (µs), `duration`: order and stack are those of one thread."""
    place, depth = pl.col("eoi"), pl.col("ess")
    step = (depth - depth.shift(1)).over(_TRACE)
    return (
        records.sort(_TRACE, "eoi")
        .with_columns(
            gap=place != pl.int_range(pl.len()).over(_TRACE),
            crossed=pl.when(place == 0).then(depth != 0).otherwise((step > 1) | (depth < 1)),
            call=pl.struct("operation", "eoi", "ess").hash(),
        )
        .group_by(_TRACE)
        .agg(
            valid=~(pl.col("gap").any() | pl.col("crossed").any()),
            duration=pl.col("tout").max() - pl.col("tin").min(),
            at=pl.col("timestamp").max(),
            hashed=pl.col("call").sum(),
        )
    )


def of_events(records: pl.DataFrame) -> pl.DataFrame:
    """The same of events: the stack closes with the last, and each after is of the operation of its before."""
    is_open, place = pl.col("open"), pl.col("order_index")
    level = pl.when(pl.col("kind") == "before").then(1).otherwise(-1)
    paired = pl.col("operation").shift(-1)
    return (
        records.sort(_TRACE, "order_index")
        .with_columns(level=level)
        .with_columns(gap=place != pl.int_range(pl.len()).over(_TRACE), open=pl.col("level").cum_sum().over(_TRACE))
        .with_columns(
            depth=is_open - (pl.col("level") > 0),
            crossed=(is_open < 0) | ((is_open == 0) != (place == place.max().over(_TRACE))),
        )
        .with_columns(call=pl.struct("operation", "order_index", "depth").hash())
        .sort(_TRACE, "depth", "order_index")
        .with_columns(other=(pl.col("level") > 0) & (pl.col("operation") != paired))
        .group_by(_TRACE)
        .agg(
            valid=~(pl.col("gap").any() | pl.col("crossed").any() | pl.col("other").any()),
            duration=pl.duration(microseconds=pl.col("timestamp").max() - pl.col("timestamp").min()),
            at=pl.col("timestamp").max(),
            hashed=pl.col("call").filter(pl.col("level") > 0).sum(),
        )
    )


def classes_of(traces: pl.DataFrame) -> pl.DataFrame:
    """Valid traces → one row a class and second."""
    second = (pl.col("at") // 1_000_000 * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("window")
    return (
        traces.filter("valid")
        .sort("at", _TRACE)
        .group_by(second, "hashed")
        .agg(
            representative=pl.col(_TRACE).first(),
            count=pl.len().cast(pl.Int64),
            fastest=pl.col("duration").min(),
            slowest=pl.col("duration").max(),
        )
        .drop("hashed")
    )
