"""Patterns of the common shapes: as the general evaluator sees them, but all rows of a batch at once, by columns.

Rows of all ports wait for the watermark; then they meet what is open in their keys, and only in those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from slac.plan.columnar_patterns import Shape
from slac.plan.nodes import PatternNode
from slac.runtime.operator import OperatorContext, State
from slac.runtime.operators.pattern_rows import PatternRows, also
from slac.runtime.patterns.columns.followed import Followed
from slac.runtime.patterns.columns.gathered import Gathered
from slac.runtime.patterns.columns.matches import said
from slac.runtime.patterns.columns.names import HASH
from slac.runtime.patterns.columns.runs import Runs
from slac.runtime.patterns.meaning import understood
from slac.runtime.patterns.results import Results
from slac.stream.batch import Batch

_OPEN: Final = "open"


class PatternColumnsOperator(PatternRows):
    """One pattern node of a shape that runs by columns. Rows, ids and order are those of `PatternOperator`."""

    def __init__(self, node: PatternNode, shape: Shape, context: OperatorContext) -> None:
        known = understood(node)
        self._runs = Runs(node.retain)
        self._results = Results(node, known, context.document)
        self._work: Followed | Gathered = (
            Gathered(node, known, shape, self._runs)
            if shape.kind in ("both", "count")
            else Followed(node, known, shape, self._runs, self._results)
        )
        super().__init__(node, known, self._work)

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Match the rows that the watermark has passed, and all silences that are due before it."""
        self._results.tells_edges = self.tells_edges
        frames = self._incoming.passed(watermark)
        found = [self._work.events(frames)] if frames else []
        found.append(self._work.due(self._silent_until(watermark, end=end)))
        rows = [r for f in found if f is not None and (r := said(self._node, self._results, f)) is not None]
        return self._weighed(rows, watermark)

    def edges(self) -> Iterable[pl.DataFrame]:
        """The rows that each match has bound."""
        return self._results.take_edges()

    def snapshot(self) -> State:
        """Rows that wait, and what is open."""
        rows = self._runs.rows()
        return also(super().snapshot(), {}, {} if rows is None else {_OPEN: rows})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        super().restore(state)
        if _OPEN in state.frames:
            self._runs.put(state.frames[_OPEN])

    def statistics(self) -> Mapping[str, int]:
        """Also `keys` with rows held, and `open` rows in them."""
        rows = self._runs.rows()
        keys = 0 if rows is None else rows.select(pl.col(HASH).n_unique()).item()
        return {**super().statistics(), "keys": keys, "open": 0 if rows is None else rows.height}
