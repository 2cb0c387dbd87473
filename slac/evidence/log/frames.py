"""Rows as a log holds them: the meta columns always, under the same types, so that files of a node are alike.

Before the columns of the stream stand `_seq` (the entry under which the rows came or were made), `_late` (whether
their batch was late) and all meta columns of `slac.stream.batch`, NULL where the stream has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from slac.stream.batch import (
    ARRIVAL_WATERMARK,
    DEPTH,
    ID,
    KEPT,
    META,
    REVISION,
    SEEN,
    TIME,
    TIME_TYPE,
    UNDECIDED,
    WEIGHT,
    WINDOW_START,
    Batch,
)

SEQ: Final = "_seq"
LATE: Final = "_late"
CONSUMED: Final = "_consumed"
"""Column of edges (UInt64): an id that the row `_id` (in its `_revision`) was made of."""

META_TYPES: Final[dict[str, pl.DataType]] = {
    TIME: TIME_TYPE,
    DEPTH: pl.UInt16(),
    ID: pl.UInt64(),
    WINDOW_START: TIME_TYPE,
    SEEN: pl.Float64(),
    KEPT: pl.Int64(),
    UNDECIDED: pl.Boolean(),
    REVISION: pl.Int64(),
    WEIGHT: pl.UInt64(),
    ARRIVAL_WATERMARK: pl.Int64(),
}
"""Types of those of `META` that every file has."""
_ALWAYS: Final = (TIME, ID)


def to_logged(entries: Sequence[tuple[int, Batch]], fields: Iterable[str]) -> pl.DataFrame:
    """Batches with their `_seq` as one frame; `fields` first in their order, then what the rows have besides."""
    frames = [_stamped(seq, batch) for seq, batch in entries]
    joined = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in META_TYPES.items() if name not in joined.columns]
    order = [SEQ, LATE, *(name for name in META if name in META_TYPES or name in joined.columns)]
    named = [*order, *(name for name in fields if name in joined.columns)]
    rest = [name for name in joined.columns if name not in named]
    return joined.with_columns(missing).select(*named, *rest)


def _stamped(seq: int, batch: Batch) -> pl.DataFrame:
    return batch.frame.select(pl.lit(seq, pl.Int64).alias(SEQ), pl.lit(batch.late).alias(LATE), pl.all())


def as_came(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one batch as they were: without the log's columns and the meta columns that the batch had not."""
    dropped = [
        name
        for name in frame.columns
        if name in (SEQ, LATE) or (name in META and name not in _ALWAYS and frame[name].null_count() == frame.height)
    ]
    return frame.drop(dropped)
