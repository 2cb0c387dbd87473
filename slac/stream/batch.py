"""A batch: rows of one stream as columns, and the meta columns that every stream carries.

Meta columns begin with an underscore and are never named in a document's `select` by accident:

- `_time` (Datetime µs UTC): the event time of the row (design §3: a window's row has its last instant).
- `_id` (UInt64): the row's stable id.
- `_window_start` (Datetime µs UTC): only on rows made by a window; its end is `_time` + 1 µs.
- `_seen` (Float64), `_kept` (Int64): only on rows made by a window or later: how many input events stand behind the
  row, and how many of them passed the gate. They differ only where a gate dropped.
- `_weight` (UInt64): only on rows from a gate that dropped: 1/p in multiples of 2**-20. 0: the row was dropped but for
  what it counts; no estimate of a value takes it in.
- `_count` (Int64): only on rows from a gate that counted before it dropped: how many events of the row's class, group
  and time it stands for, itself among them; summed up they are exact.
- `_revision` (Int64): only where a row was said again: 1, 2, …; where it is absent or NULL the row is the first; −n:
  the row is taken back by its n-th revision, and only its id and keys count.
- `_depth` (UInt16): only where rows of several blocks meet (a union): the depth of the row's block.
- `_wm` (Int64 µs): only in a late batch: the watermark of its input at the instant when the row arrived.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

TIME: Final = "_time"
ID: Final = "_id"
WINDOW_START: Final = "_window_start"
SEEN: Final = "_seen"
KEPT: Final = "_kept"
REVISION: Final = "_revision"
WEIGHT: Final = "_weight"
COUNT: Final = "_count"
ARRIVAL_WATERMARK: Final = "_wm"
DEPTH: Final = "_depth"
UNDECIDED: Final = "_undecided"
"""Column (Boolean), where a window closed because a peer could not be reached: rows of it may be missing."""
BOUNDS: Final = "_bounds"
"""Column (Struct), only where rows are made of estimates: how far each value is known (`slac.plan.intervals.columns`).

It is NULL on an exact row; else `x_low` and `x_high` of what has an order, and `x_undecided` of all else.
"""
MARKS: Final = frozenset((BOUNDS, COUNT, REVISION, UNDECIDED, WEIGHT))
"""Rows with one of these columns say more than that they are there with their values."""
META: Final = (TIME, DEPTH, ID, WINDOW_START, SEEN, KEPT, UNDECIDED, BOUNDS, REVISION, WEIGHT, COUNT, ARRIVAL_WATERMARK)

TIME_TYPE: Final = pl.Datetime("us", "UTC")
WEIGHT_ONE: Final = 1 << 20
"""The weight of a row that no gate thinned."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one stream.

    A late batch holds rows behind their input's watermark at arrival, with `_wm` per row; restatements of windows
    (rows with `_revision`) are late in this sense, too. `ordered`: the rows are known to stand in the total order, so
    that nobody need look; what is not known says nothing.
    """

    frame: pl.DataFrame
    late: bool = False
    ordered: bool = False

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.frame.height

    @property
    def lowest(self) -> int:
        """The earliest instant (µs) of a row; there has to be one."""
        times = instants(self.frame)
        return int(times[0] if self.ordered else times.min())  # type: ignore[arg-type]


def instants(frame: pl.DataFrame) -> pl.Series:
    """`_time` as Int64 µs."""
    # The cast is done in place; `to_physical` and `dt.epoch` would each start a query of their own.
    return frame[TIME].cast(pl.Int64)


def total_order(frame: pl.DataFrame) -> list[str]:
    """The columns to sort by for the one total order of design §3."""
    return [TIME, DEPTH, ID] if DEPTH in frame.columns else [TIME, ID]


def link_place(frame: pl.DataFrame) -> pl.Expr:
    """Where a row stands among all that crosses a link (Int64 µs): its time, or of a late row the watermark it met."""
    time = pl.col(TIME).cast(pl.Int64)
    return pl.coalesce(ARRIVAL_WATERMARK, time) if ARRIVAL_WATERMARK in frame.columns else time


def meta_columns(frame: pl.DataFrame) -> list[str]:
    """The meta columns that this frame carries, in the order of `META`."""
    return [name for name in META if name in frame.columns]
