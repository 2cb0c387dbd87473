"""Rows as a log holds them: the meta columns always, under the same types, so that files of a node are alike.

Before the columns of the stream stand `_seq` (the entry under which the rows came or were made), `_late` (whether
their batch was late) and all meta columns of `slac.stream.batch`, NULL where the stream has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
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
    joined = _joined([batch.frame for _, batch in entries])
    heights = np.array([batch.height for _, batch in entries])
    seq = pl.Series(SEQ, np.repeat(np.array([seq for seq, _ in entries], np.int64), heights))
    late = pl.Series(LATE, np.repeat(np.array([batch.late for _, batch in entries]), heights))
    missing = [
        pl.Series(name, [None], dtype=dtype).new_from_index(0, joined.height)
        for name, dtype in META_TYPES.items()
        if name not in joined.columns
    ]
    # By columns: a query would cost more than all else in here.
    found = {column.name: column for column in (seq, late, *joined.get_columns(), *missing)}
    order = [SEQ, LATE, *(name for name in META if name in found), *(name for name in fields if name in found)]
    return pl.DataFrame([found[name] for name in dict.fromkeys([*order, *found])])


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    if len(frames) == 1:
        return frames[0]
    alike = all(frame.schema == frames[0].schema for frame in frames)
    return pl.concat(frames, how="vertical" if alike else "diagonal_relaxed")


def as_came(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one batch as they were: without the log's columns and the meta columns that the batch had not."""
    dropped = [
        name
        for name in frame.columns
        if name in (SEQ, LATE) or (name in META and name not in _ALWAYS and frame[name].null_count() == frame.height)
    ]
    return frame.drop(dropped)
