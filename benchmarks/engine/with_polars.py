"""Case `tumbling` in bare Polars: grouped block by block, merged at the end, nothing said on the way.

As a program (`python -m benchmarks.engine.with_polars FILE`) it is the script that a user would write instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.engine.reading import blocks
from slac.adapters.files.block import Block

KEYS: Final = ("window", "client")
WINDOW_MS: Final = 10_000

_FIELDS: Final[dict[str, pl.DataType]] = {
    "timestamp": pl.Int64(),
    "payload": pl.Struct({"status": pl.Int64, "duration": pl.Float64}),
    "context": pl.Struct({"client": pl.String, "region": pl.String}),
}


def tumbling(read: Iterable[Block]) -> pl.DataFrame:
    """One row a window and client: `window` (start, ms), `client`, `count`, `total`, `longest`."""
    parts = [_grouped(_columns(block)) for block in read]
    return (
        pl.concat(parts)
        .group_by(KEYS)
        .agg(pl.col("count").sum(), pl.col("total").sum(), pl.col("longest").max())
        .with_columns(pl.col("count").cast(pl.Int64))
    )


def _columns(block: Block) -> pl.DataFrame:
    if block.frame is not None:
        return block.frame
    frame = pl.read_ndjson(block.ndjson or b"", schema=_FIELDS)
    return frame.select(
        "timestamp", pl.col("payload").struct.unnest(), pl.col("context").struct.field("client").alias("client")
    )


def _grouped(frame: pl.DataFrame) -> pl.DataFrame:
    window = (pl.col("timestamp") // WINDOW_MS * WINDOW_MS).alias("window")
    return (
        frame.filter(pl.col("status") < 500)
        .select(window, "client", "duration")
        .group_by(KEYS)
        .agg(
            pl.len().alias("count"),
            pl.col("duration").sum().alias("total"),
            pl.col("duration").max().alias("longest"),
        )
    )


if __name__ == "__main__":
    sys.stdout.write(tumbling(blocks(Path(sys.argv[1]))).sort(KEYS).write_ndjson())
