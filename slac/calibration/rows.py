"""Rows to measure with: the same every time, in the shapes that documents have."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.clock import SECOND
from slac.stream.ids import sequence_ids
from slac.stream.types import Field, Float, Int, Schema, String

START: Final = 1_700_000_000 * SECOND
"""Event time (µs) of the first row."""
WINDOW: Final = 60 * SECOND
"""All rows of one window's worth of batches lie in this long (µs)."""

SCHEMA: Final = Schema(
    (
        Field("key", String(), nullable=False),
        Field("text", String()),
        Field("value", Float()),
        Field("other", Float()),
        Field("count", Int()),
    )
)


def batch(rows: int, groups: int, number: int, *, window: int = 0) -> pl.DataFrame:
    """Batch `number` of a stream: `rows` rows of `SCHEMA` over `groups` keys, inside window number `window`."""
    indices = np.arange(number * rows, (number + 1) * rows, dtype=np.int64)
    spread = (np.arange(rows, dtype=np.int64) * (WINDOW // 2)) // max(rows, 1) + number
    # A fixed multiplier spreads keys and values over the batch without any randomness.
    mixed = (indices * 2_654_435_761) % (1 << 31)
    return pl.DataFrame(
        {
            TIME: pl.Series(START + window * WINDOW + spread, dtype=pl.Int64).cast(TIME_TYPE),
            ID: pl.Series(sequence_ids(1, number * rows, rows), dtype=pl.UInt64),
            "key": _texts("key-", indices % groups),
            "text": _texts("text-", mixed % 1_000),
            "value": pl.Series(mixed / 1_000.0, dtype=pl.Float64),
            "other": pl.Series((mixed % 10_000) / 7.0, dtype=pl.Float64),
            "count": pl.Series(mixed % 100, dtype=pl.Int64),
        }
    )


def _texts(prefix: str, values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.Series:
    return (
        pl.Series(values)
        .cast(pl.String)
        .str.zfill(8)
        .alias("t")
        .to_frame()
        .select(pl.lit(prefix) + pl.col("t"))["literal"]
    )
