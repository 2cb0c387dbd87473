"""Patterns of the common shapes: as the general evaluator sees them, but all rows of a batch at once, by columns.

Rows of all ports wait for the watermark; then they meet what is open in their keys, and only in those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from slac.plan.columnar_patterns import Shape
from slac.plan.nodes import PatternNode
from slac.runtime.instructions import GaveUp
from slac.runtime.operator import Operator, OperatorContext, State
from slac.runtime.patterns.columns.followed import Followed
from slac.runtime.patterns.columns.gathered import Gathered
from slac.runtime.patterns.columns.matches import said
from slac.runtime.patterns.columns.names import HASH
from slac.runtime.patterns.columns.runs import Runs
from slac.runtime.patterns.events import Incoming
from slac.runtime.patterns.meaning import understood
from slac.runtime.patterns.results import Results
from slac.stream.batch import Batch, instants

_HELD = "held"
_OPEN = "open"


class PatternColumnsOperator(Operator):
    """One pattern node of a shape that runs by columns. Rows, ids and order are those of `PatternOperator`."""

    def __init__(self, node: PatternNode, shape: Shape, context: OperatorContext) -> None:
        self._node = node
        known = understood(node)
        self._incoming = Incoming(node, known, [node.schema[k].dtype for k in node.keys])
        self._runs = Runs(node.retain)
        self._results = Results(node, known, context.document)
        self._work: Followed | Gathered = (
            Gathered(node, known, shape, self._runs)
            if shape.kind in ("both", "count")
            else Followed(node, known, shape, self._runs, self._results)
        )
        self._late = 0
        self._ended = False
        self._told = 0
        self._reached = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold the rows that some event of the pattern may fit until the watermark has passed them."""
        if batch.late:
            self._late += batch.height
        else:
            self._incoming.add(port, batch.frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Match the rows that the watermark has passed, and all silences that are due before it."""
        frames = self._incoming.passed(watermark)
        found = [self._work.events(frames)] if frames else []
        latest = self._incoming.latest
        # At the end of the input no silence behind its last row is invented.
        until = watermark if not end or latest is None else min(watermark, latest + 1)
        self._ended, self._reached = end, until
        found.append(self._work.due(until))
        rows = [r for f in found if f is not None and (r := said(self._node, self._results, f)) is not None]
        return [Batch(r) for r in rows]

    def next_due(self) -> int | None:
        """Just behind the first row that waits, or behind the next instant at which a silence is due."""
        dues = [self._incoming.earliest, None if self._ended else self._work.next_due()]
        return min((d + 1 for d in dues if d is not None), default=None)

    def open_until(self) -> int | None:
        """Just behind the last row that waits."""
        highest = [int(instants(f).max()) for f in self._incoming.frames().values()]  # type: ignore[arg-type]
        return max(highest) + 1 if highest else None

    def snapshot(self) -> State:
        """Rows that wait, and what is open."""
        incoming = self._incoming
        values = {
            "late": self._late,
            "unkeyed": incoming.unkeyed,
            "given_up": self._work.given_up,
            "first": incoming.first,
            "latest": incoming.latest,
        }
        held = {f"{_HELD}{port}": frame for port, frame in incoming.frames().items()}
        rows = self._runs.rows()
        return State(values, held if rows is None else {**held, _OPEN: rows})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        values = state.values
        self._late, self._incoming.unkeyed = values["late"], values["unkeyed"]
        self._incoming.first, self._incoming.latest = values["first"], values["latest"]
        self._work.given_up = self._told = values["given_up"]
        for port in range(len(self._node.inputs)):
            if f"{_HELD}{port}" in state.frames:
                self._incoming.put(port, state.frames[f"{_HELD}{port}"])
        if _OPEN in state.frames:
            self._runs.put(state.frames[_OPEN])

    def notices(self) -> Iterable[GaveUp]:
        """That `limit` has bitten, with how often since the last word."""
        count = self._work.given_up - self._told
        if count:
            self._told = self._work.given_up
            yield GaveUp(self._node.block, f"limit: {self._node.limit}", count, self._reached)

    def statistics(self) -> Mapping[str, int]:
        """`late`, `unkeyed` (NULL in a key), `keys` with rows held, `open` rows in them, `given_up` by `limit`."""
        rows = self._runs.rows()
        return {
            "late": self._late,
            "unkeyed": self._incoming.unkeyed,
            "keys": 0 if rows is None else rows.select(pl.col(HASH).n_unique()).item(),
            "open": 0 if rows is None else rows.height,
            "given_up": self._work.given_up,
        }
