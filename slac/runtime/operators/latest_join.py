"""Each left row with the latest right row of its key, as of the left row's time.

Both sides wait for the watermark, so neither arrival nor batches matter. Rows of either side that come behind it are
dropped and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from slac.plan.nodes import LatestJoinNode
from slac.runtime.audits.held import HeldRows
from slac.runtime.operator import OperatorContext, State
from slac.runtime.operators.latest_meeting import Settled
from slac.runtime.operators.latest_right import LatestRight, typed
from slac.runtime.operators.replayable import ReplayableOperator
from slac.stream.batch import META, Batch
from slac.stream.framing import frame_of

FOR_EVER: Final = 1 << 60
"""How long (µs) the row of a table holds."""
_MANY: Final = 4096


class LatestJoinOperator(ReplayableOperator):
    """Port 0 is the left side, port 1 the right one; a right row older than `retain` is not matched any more.

    Equal times match unless the node is `strict`; of right rows of one time the last in the total order counts; NULL
    in a key matches nothing. Rows out: the left row's meta columns, then the node's schema, in the total order.
    """

    def __init__(self, node: LatestJoinNode, context: OperatorContext) -> None:
        self._node = node
        types = node.schema.polars()
        names = {f"{node.alias}.{c}": c for c in node.right_columns}
        values = {outside: (names[outside], types[outside]) for outside in names if outside in types}
        self._types = types
        self._wanted = {*META, *node.by, *(name for name in types if name not in values)}
        self._right = LatestRight(node.by, values, FOR_EVER if node.table else node.retain, lasting=node.table)
        self._left = HeldRows()
        self._crowded = _MANY
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold the rows until the watermark has passed them."""
        if batch.late:
            self._late += batch.height
        elif port == 0:
            # What nobody reads is not held; not by `select`, which would start a query.
            self._left.add(batch.frame[[name for name in batch.frame.columns if name in self._wanted]])
        else:
            self._right.add(batch.frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Join the left rows that the watermark has passed."""
        # Keys are looked at once only, and other text is handed on as it is.
        return self._worked(self._left.release(watermark, loose=True), watermark)

    def _worked(self, ready: pl.DataFrame | None, watermark: int) -> Iterable[Batch]:
        settled = self._right.settle(watermark)
        joined = None if ready is None else self._join(ready, settled)
        self._right.store(settled, watermark)
        self._crowded = _MANY + 2 * self._right.rows
        return () if joined is None else (Batch(joined),)

    def next_due(self) -> int | None:
        """Just behind the first left row; or, when the right side has grown, behind its first row."""
        due = [] if self._left.lowest is None else [self._left.lowest + 1]
        if self._right.rows >= self._crowded and (lowest := self._right.lowest_recent) is not None:
            due.append(lowest + 1)
        return min(due, default=None)

    def open_until(self) -> int | None:
        """Just behind the last left row."""
        return None if self._left.highest is None else self._left.highest + 1

    def snapshot(self) -> State:
        """Left rows held back, and the right side."""
        left = self._left.frame()
        return State({"late": self._late}, {**({} if left is None else {"left": left}), **self._right.frames()})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._late = state.values["late"]
        if "left" in state.frames:
            self._left.add(state.frames["left"])
        self._right.restore(state.frames)

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `rows`: rows held on both sides."""
        return {"late": self._late, "rows": self._right.rows + self._left.rows}

    @property
    def keys(self) -> Mapping[str, pl.DataType]:
        """The columns that both sides share."""
        types = self._node.schema.polars()
        return {name: types[name] for name in self._node.by}

    def known(self) -> pl.DataFrame:
        """The keys of the right rows held."""
        known = self._right.known()
        types = self.keys
        return (
            pl.DataFrame(schema=types) if known is None else known.select(pl.col(n).cast(t) for n, t in types.items())
        )

    def values(self) -> Mapping[str, Any]:
        """No row was late."""
        return {"late": 0}

    def part(self, keys: pl.DataFrame) -> State:
        """The right rows of these keys."""
        return State(self.values(), self._right.part(keys))

    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Exchange the right rows of these keys."""
        self._right.graft(keys, state.frames)

    def _join(self, ready: pl.DataFrame, settled: Settled | None) -> pl.DataFrame:
        return self._beside(ready, self._right.meet(ready, settled, strict=self._node.strict))

    def _beside(self, ready: pl.DataFrame, values: Sequence[pl.Series]) -> pl.DataFrame:
        """The rows out, from left rows and what each of them finds."""
        found = {c.name: c for c in values}
        meta = [ready[name] for name in META if name in ready.columns]
        columns = [found[n] if n in found else typed(ready[n], t) for n, t in self._types.items()]
        return frame_of([*meta, *columns])
