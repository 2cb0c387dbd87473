"""`window: session 30m`: what a key does until it is silent for 30m is one window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from slac.plan.nodes import WindowNode
from slac.runtime.operator import BEGINNING, OperatorContext, State
from slac.runtime.operators.on_time import on_time
from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.session_state import LAST, SessionState
from slac.runtime.operators.window_grid import END
from slac.runtime.operators.window_rows import WindowRows
from slac.stream.batch import Batch


class SessionOperator(ReplayableOperator):
    """A session is said once, when the watermark reaches its last row + gap; state is one partial row a session.

    Rows out: `_time` (last row + gap − 1 µs), `_id` hashed from (document, block, key, start of the session),
    `_window_start` (the first row), `_seen`, `_kept`, then the node's schema, in the order of (`_time`, `_id`).
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        self._gap = node.window.size
        types = node.schema.polars()
        self._types = {k: types[k] for k in node.keys}
        self._rows = WindowRows(node, context.document)
        self._state = SessionState(node.keys, node.aggregates, self._gap)
        self._reached = BEGINNING
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Group the rows and keep the result; late ones are dropped and counted."""
        frame = on_time(batch, self._reached)
        self._late += batch.height - frame.height
        if frame.height:
            self._state.add_rows(frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Close the sessions of keys that have been silent for long enough."""
        self._reached = max(self._reached, watermark)
        ended = self._state.take_ended(watermark)
        if ended is None:
            return ()
        return (Batch(self._rows.values(ended.with_columns((pl.col(LAST) + self._gap).alias(END)))),)

    def next_due(self) -> int | None:
        """When the first session may have ended."""
        return None if self._state.lowest_last is None else self._state.lowest_last + self._gap

    def open_until(self) -> int | None:
        """The end of the last session."""
        return None if self._state.highest_last is None else self._state.highest_last + self._gap

    def snapshot(self) -> State:
        """The open sessions."""
        held = self._state.frame()
        return State({"reached": self._reached, "late": self._late}, {} if held is None else {"open": held})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._reached, self._late = state.values["reached"], state.values["late"]
        if "open" in state.frames:
            self._state.add(state.frames["open"])

    @property
    def keys(self) -> Mapping[str, pl.DataType]:
        """The key columns."""
        return self._types

    def known(self) -> pl.DataFrame:
        """The keys with an open session."""
        return self._state.keys().cast(self._types)  # type: ignore[arg-type]

    def values(self) -> Mapping[str, Any]:
        """Nothing has been reached, and nobody was late."""
        return {"reached": BEGINNING, "late": 0}

    def part(self, keys: pl.DataFrame) -> State:
        """The open sessions of these keys."""
        held = self._state.part(keys)
        return State(self.values(), {} if held is None else {"open": held})

    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Exchange the open sessions of these keys."""
        self._state.forget(keys)
        if "open" in state.frames:
            self._state.add(state.frames["open"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `groups`: partial rows held."""
        return {"late": self._late, "groups": self._state.rows}
