"""Both sides: the document through the real core, and what a user would write with bare Polars over the whole file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.agreement import check_agreement
from benchmarks.engine.reading import blocks
from benchmarks.engine.runtime import run_core
from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan

DOCUMENT: Final = Path(__file__).with_name("calls.yaml")
_RESULTS: Final = ("count", "fastest", "slowest")


def plan_of(source: Path) -> Plan:
    """The document's plan, reading `source`."""
    return compile_paths([str(DOCUMENT)], CompileOptions(parameters={"input": str(source)}, collapse=True))[0].plan


def ours(source: Path) -> pl.DataFrame:
    """The rows of slac, in the form of the peer's."""
    rows = run_core(plan_of(source), source)
    return rows.select(pl.col("_window_start").alias("window"), "representative", *_RESULTS)


def theirs(source: Path) -> pl.DataFrame:
    """Traces by trace id, their order and stack checked, their class a sum of hashes; then classes a second."""
    frames = [b.frame for b in blocks(source) if b.frame is not None]
    place, depth = pl.col("eoi"), pl.col("ess")
    step = (depth - depth.shift(1)).over("trace_id")
    call = pl.struct("operation", "eoi", "ess").hash()
    traces = (
        pl.concat(frames)
        .sort("trace_id", "eoi")
        .with_columns(
            gap=place != pl.int_range(pl.len()).over("trace_id"),
            crossed=pl.when(place == 0).then(depth != 0).otherwise((step > 1) | (depth < 1)),
            call=call,
        )
        .group_by("trace_id")
        .agg(
            valid=~(pl.col("gap").any() | pl.col("crossed").any()),
            duration=pl.col("tout").max() - pl.col("tin").min(),
            at=pl.col("timestamp").max(),
            hashed=pl.col("call").sum(),
        )
    )
    second = (pl.col("at") // 1_000_000 * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("window")
    return (
        traces.filter("valid")
        .sort("at", "trace_id")
        .group_by(second, "hashed")
        .agg(
            representative=pl.col("trace_id").first(),
            count=pl.len().cast(pl.Int64),
            fastest=pl.col("duration").min(),
            slowest=pl.col("duration").max(),
        )
        .drop("hashed")
    )


def check(source: Path) -> None:
    """RunFailed unless both sides say the same about the file."""
    mine, other = ours(source), theirs(source)
    # Of traces that end at one instant either may be the first: the rows are told apart by what they count.
    order = ["window", *_RESULTS]
    check_agreement(mine.select(order), other.select(order), order)
