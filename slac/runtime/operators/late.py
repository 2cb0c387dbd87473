"""`late: side`: the rows that come when a window of theirs is over, as a stream of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from slac.plan.nodes import LateNode
from slac.runtime.operator import Operator, OperatorContext, State
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grids import grid_of
from slac.stream.batch import ARRIVAL_WATERMARK, KEPT, REVISION, SEEN, TIME, TIME_TYPE, WEIGHT, Batch
from slac.stream.ids import reid

_INSTANT = pl.col(TIME).cast(pl.Int64)


class LateOperator(Operator):
    """Beside a window, with the same input: what the window drops as late, each row once. Holds no state.

    Rows out: `_time` is the watermark that the row met, so that it is on time for whoever reads it; then the columns
    of the row, and `event_time`, its own.
    """

    def __init__(self, node: LateNode, context: OperatorContext) -> None:
        self._node = node
        self._document = context.document
        self._columns = [pl.col(n).cast(t) for n, t in node.schema.polars().items()]
        self._grid = grid_of(node.window)
        self._told = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Those rows of a late batch that miss a window; what is said again is not late, and has been said."""
        if not batch.late:
            return ()
        frame = batch.frame
        if REVISION in frame.columns:
            frame = frame.filter(pl.col(REVISION).is_null())
        frame = self._missing(frame)
        if not frame.height:
            return ()
        self._told += frame.height
        meta = [pl.col(n) for n in (SEEN, KEPT, WEIGHT) if n in frame.columns]
        ids = reid(frame, self._document, self._node.id)
        event_time = pl.col(TIME).alias(self._node.event_time)
        moved = ids.with_columns(event_time, pl.col(ARRIVAL_WATERMARK).cast(TIME_TYPE).alias(TIME))
        return (Batch(moved.select(TIME, "_id", *meta, *self._columns)),)

    def snapshot(self) -> State:
        """How many rows there were."""
        return State({"told": self._told})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._told = state.values["told"]

    def statistics(self) -> Mapping[str, Any]:
        """`rows`: how many came late."""
        return {"rows": self._told}

    def _missing(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that some window of theirs does not take any more; what works in order takes none at all."""
        if self._node.in_order:
            return frame
        met = pl.col(ARRIVAL_WATERMARK)
        match self._node.window.kind:
            case "session" | "sliding" | "running":
                return frame
            case "same":
                return frame.filter(met >= _INSTANT + 1)
        assert self._grid is not None
        placed = frame.with_columns(self._grid.pane_of(_INSTANT).alias(START))
        return placed.filter(self._grid.missed(pl.col(START), met) > 0).drop(START)
