"""What `running` and `sliding` share: rows wait for the watermark, and each of them gives a row.

Rows of one instant see each other, so that nothing depends on which of them is the last.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from slac.plan.aggregates import grouped_rows, part_columns, partial_exprs
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.operator import BEGINNING, OperatorContext, State
from slac.runtime.operators.on_time import on_time
from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.row_results import RowResults
from slac.stream.batch import KEPT, SEEN, Batch


class PerRowOperator(ReplayableOperator):
    """Holds rows, and says a row for each of those that the watermark has passed.

    Rows out: `_time` of the row, `_id` hashed from (document, block, key, id of the row), where there is a beginning
    `_window_start`, then `_seen`, `_kept` and the node's schema, in the order of (`_time`, `_id`).
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        self._node = node
        self._keys = list(node.keys)
        types = node.schema.polars()
        self._types = {k: types[k] for k in node.keys}
        self._columns = [AT, *node.keys, *part_columns(node.aggregates), KEPT, SEEN]
        self._results = RowResults(node, context.document, context.lacks.get(node.id))
        self._held = HeldRows()
        self._reached = BEGINNING
        self._late = 0

    @abstractmethod
    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows that the watermark has passed, in the total order, with `_at` → the row that each of them gives."""

    @abstractmethod
    def _frame(self) -> pl.DataFrame | None:
        """What is remembered of rows that the watermark has passed."""

    @abstractmethod
    def _restore(self, frame: pl.DataFrame) -> None:
        """Take over what `_frame` gave."""

    @abstractmethod
    def _part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        """What is remembered of these distinct keys."""

    @abstractmethod
    def _exchange(self, keys: pl.DataFrame, frame: pl.DataFrame | None) -> None:
        """Put what `_part` of another gave in place of all that is remembered of these distinct keys."""

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        frame = on_time(batch, self._reached)
        self._late += batch.height - frame.height
        self._held.add(frame, ordered=batch.ordered)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """A row for each row before the watermark."""
        rows = self._held.release(watermark, loose=True)
        self._reached = max(self._reached, watermark)
        if rows is None:
            return ()
        return (self._batch(rows),)

    def _batch(self, rows: pl.DataFrame) -> Batch:
        """What `_said` gives for these rows."""
        return Batch(self._said(rows))

    def next_due(self) -> int | None:
        """Just behind the first row held."""
        return None if self._held.lowest is None else self._held.lowest + 1

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return None if self._held.highest is None else self._held.highest + 1

    def snapshot(self) -> State:
        """What is remembered, and rows held back."""
        frames = {"passed": self._frame(), "held": self._held.frame()}
        values = {"reached": self._reached, "late": self._late}
        return State(values, {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._reached, self._late = state.values["reached"], state.values["late"]
        if "passed" in state.frames:
            self._restore(state.frames["passed"])
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    @property
    def keys(self) -> Mapping[str, pl.DataType]:
        """The key columns."""
        return self._types

    def known(self) -> pl.DataFrame:
        """The keys of which something is remembered."""
        held = self._frame()
        return pl.DataFrame(schema=self._types) if held is None else held.select(self._keys).unique().cast(self._types)  # type: ignore[arg-type]

    def values(self) -> Mapping[str, Any]:
        """Nothing has been reached, and nobody was late."""
        return {"reached": BEGINNING, "late": 0}

    def part(self, keys: pl.DataFrame) -> State:
        """What is remembered of these keys."""
        held = self._part(keys)
        return State(self.values(), {} if held is None else {"passed": held})

    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Exchange what is remembered of these keys."""
        self._exchange(keys, state.frames.get("passed"))

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `rows`: rows held back."""
        return {"late": self._late, "rows": self._held.rows}


class MergingOperator(PerRowOperator):
    """For all aggregates there are: rows of a key and instant become a partial row, and partial rows are merged."""

    @abstractmethod
    def _accumulated(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Partial rows (`_at`, keys, parts; sorted by `_at`) → one for each of them, of all that counts for it."""

    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        exprs = partial_exprs(self._node.aggregates, rows.columns)
        groups = grouped_rows(rows, [AT, *self._keys], self._node.aggregates, exprs).select(self._columns).sort(AT)
        return self._results.of(rows, self._accumulated(groups))
