"""Between the partial and the final part of a window: what several instances have said of a key becomes one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from slac.plan.aggregates import part_columns
from slac.plan.nodes import WindowNode
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.runtime.operators.pane_state import AFTER, EXPIRES, START, PaneState
from slac.runtime.operators.window_grid import END
from slac.runtime.operators.window_rows import WindowRows
from slac.stream.batch import KEPT, SEEN, TIME, WINDOW_START, Batch
from slac.stream.sums import weight_units


class WindowMergeOperator(Operator):
    """Role `merged`. Rows in and out are partial rows, as role `partial` gives them.

    What comes late is passed on as it came: the final part decides what becomes of it.
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        self._rows = WindowRows(node, context.document)
        self._state = PaneState(node.keys, node.aggregates)
        self._columns = [START, EXPIRES, AFTER, *node.keys, *part_columns(node.aggregates), KEPT, SEEN]
        self._passed = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Keep partial rows until their window is over everywhere."""
        if batch.late:
            self._passed += batch.height
            return (batch,)
        places = [
            pl.col(WINDOW_START).to_physical().alias(START),
            (pl.col(TIME).to_physical() + 1).alias(EXPIRES),
            pl.lit(BEGINNING, pl.Int64).alias(AFTER),
            weight_units(pl.col(SEEN)).alias(SEEN),
        ]
        self._state.add(batch.frame.with_columns(places).select(self._columns), distinct=False)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Say the windows whose end the watermark has reached."""
        del end
        ended = [panes for panes in self._state.expiring_by(watermark) if panes is not None]
        self._state.expire(watermark)
        if not ended:
            return ()
        return (Batch(self._rows.values(pl.concat(ended).with_columns(pl.col(EXPIRES).alias(END)))),)

    def next_due(self) -> int | None:
        """The end of the next window that holds data."""
        return self._state.lowest_expiry

    def open_until(self) -> int | None:
        """The end of the last window that holds data."""
        return self._state.highest_expiry

    def snapshot(self) -> State:
        """The partial rows."""
        frame = self._state.frame()
        return State({"passed": self._passed}, {} if frame is None else {"panes": frame})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._passed = state.values["passed"]
        if "panes" in state.frames:
            self._state.restore(state.frames["panes"])

    def statistics(self) -> Mapping[str, int]:
        """`groups`: partial rows held; `late`: passed on as they came."""
        return {"groups": self._state.rows, "late": self._passed}
