"""Patterns: rows of all ports wait for the watermark, then each key's evaluation sees them in the total order.

Rows that no atom can match are left out by columns, before they wait. Time is told to the evaluation instant by
instant, so that neither batches nor watermarks matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from slac.plan.nodes import PatternNode
from slac.runtime.operator import OperatorContext, State
from slac.runtime.operators.pattern_rows import PatternRows, also
from slac.runtime.patterns.book import RowBook
from slac.runtime.patterns.keyed import Keyed
from slac.runtime.patterns.meaning import understood
from slac.runtime.patterns.results import Results
from slac.runtime.patterns.rows import series_of, values_of
from slac.stream.batch import Batch

_KEYS: Final = "keys"


class PatternOperator(PatternRows):
    """One pattern node on the general evaluator.

    Rows out: `_time` (of the last event or timer), `_id`, then the node's schema; in order of time, then by key.
    """

    def __init__(self, node: PatternNode, context: OperatorContext) -> None:
        self._understood = understood(node)
        self._keyed = Keyed(node, self._understood.meaning, context.start)
        super().__init__(node, self._understood, self._keyed)
        self._key_types = [node.schema[k].dtype for k in node.keys]
        self._results = Results(node, self._understood, context.document)

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Evaluate the rows that the watermark has passed, and all timers that are due before it."""
        self._results.tells_edges = self.tells_edges
        if self._keyed.wants_anchor and self._incoming.first is not None and self._incoming.first < watermark:
            self._keyed.anchor(self._incoming.first)
        found = [f for key, events in self._incoming.release(watermark) for f in self._keyed.events(key, events)]
        found += self._keyed.due(self._silent_until(watermark, end=end))
        return self._weighed([self._results.frame(found)] if found else [], watermark)

    def next_due(self) -> int | None:
        """As of rows and timers; a pattern that begins with a timer begins at the first row."""
        dues = [super().next_due()]
        if self._keyed.wants_anchor and self._incoming.first is not None:
            dues.append(self._incoming.first + 1)
        return min((d for d in dues if d is not None), default=None)

    def edges(self) -> Iterable[pl.DataFrame]:
        """The rows that each match has bound."""
        return self._results.take_edges()

    def snapshot(self) -> State:
        """Rows that wait, the evaluation of every key, and the rows that these hold."""
        book = RowBook(self._understood.rows)
        evaluations = self._keyed.save(book)
        return also(super().snapshot(), {"evaluations": evaluations}, {**book.frames(), **self._key_frame()})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        super().restore(state)
        evaluations = state.values["evaluations"]
        book = RowBook(self._understood.rows)
        book.read(state.frames)
        keys = state.frames.get(_KEYS)
        named = [] if keys is None else zip(keys.get_columns(), self._key_types, strict=True)
        columns = [values_of(column, dtype) for column, dtype in named]
        self._keyed.load(list(zip(*columns, strict=True)) if columns else [()] * len(evaluations), evaluations, book)

    def statistics(self) -> Mapping[str, int]:
        """Also `keys` held, and `open` partial matches."""
        return {**super().statistics(), "keys": len(self._keyed.keys), "open": self._keyed.open_matches}

    def _key_frame(self) -> dict[str, pl.DataFrame]:
        if not self._node.keys or not self._keyed.keys:
            return {}
        columns = zip(*self._keyed.keys, strict=True)
        names = zip(self._node.keys, self._key_types, columns, strict=True)
        return {_KEYS: pl.DataFrame([series_of(name, list(values), dtype) for name, dtype, values in names])}
