"""Case `tumbling`: filter and projection, then count, sum and maximum of 1 000 keys every 10 s."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.agreement import check_agreement
from benchmarks.engine import with_polars
from benchmarks.engine.reading import blocks
from benchmarks.engine.runtime import compile_case, run_core

NAME: Final = "tumbling"


def ours(source: Path) -> pl.DataFrame:
    """The rows of slac, in the form of the peer's."""
    rows = run_core(compile_case(NAME, source), source)
    window = (pl.col("_window_start").to_physical() // 1_000).alias("window")
    return rows.select(window, "client", "count", "total", "longest")


def theirs(source: Path) -> pl.DataFrame:
    """The rows of bare Polars."""
    return with_polars.tumbling(blocks(source))


def check(source: Path) -> None:
    """RunFailed unless slac and Polars say the same about the file."""
    check_agreement(ours(source), theirs(source), with_polars.KEYS)
