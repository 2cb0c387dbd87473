"""Patterns: rows of all ports wait for the watermark, then each key's evaluation sees them in the total order.

Rows that no atom can match are left out by columns, before they wait. Time is told to the evaluation instant by
instant, so that neither batches nor watermarks matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from slac.plan.nodes import PatternNode
from slac.runtime.instructions import GaveUp
from slac.runtime.operator import Operator, OperatorContext, State
from slac.runtime.patterns.book import RowBook
from slac.runtime.patterns.events import Incoming
from slac.runtime.patterns.keyed import Keyed
from slac.runtime.patterns.meaning import understood
from slac.runtime.patterns.results import Results
from slac.runtime.patterns.rows import series_of, values_of
from slac.stream.batch import Batch

_HELD: Final = "held"
_KEYS: Final = "keys"


class PatternOperator(Operator):
    """One pattern node: port i holds the rows of its i-th input; late rows are dropped and counted.

    Rows out: `_time` (of the last event or timer), `_id`, then the node's schema; in order of time, then by key.
    """

    def __init__(self, node: PatternNode, context: OperatorContext) -> None:
        self._node = node
        self._understood = understood(node)
        self._key_types = [node.schema[k].dtype for k in node.keys]
        self._incoming = Incoming(node, self._understood, self._key_types)
        self._keyed = Keyed(node, self._understood.meaning, context.start)
        self._results = Results(node, self._understood, context.document)
        self._late = 0
        self._ended = False
        self._told = 0
        self._reached = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold the rows that some atom may fit until the watermark has passed them."""
        if batch.late:
            self._late += batch.height
        else:
            self._incoming.add(port, batch.frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Evaluate the rows that the watermark has passed, and all timers that are due before it."""
        if self._keyed.wants_anchor and self._incoming.first is not None and self._incoming.first < watermark:
            self._keyed.anchor(self._incoming.first)
        found = [f for key, events in self._incoming.release(watermark) for f in self._keyed.events(key, events)]
        latest = self._incoming.latest
        # At the end of the input no silence behind its last row is invented.
        until = watermark if not end or latest is None else min(watermark, latest + 1)
        self._ended, self._reached = end, until
        found += self._keyed.due(until)
        return (Batch(self._results.frame(found)),) if found else ()

    def next_due(self) -> int | None:
        """Just behind the first row that waits, or behind the next instant at which something is due."""
        dues = [self._incoming.earliest, None if self._ended else self._keyed.next_due()]
        if self._keyed.wants_anchor:
            dues.append(self._incoming.first)
        return min((d + 1 for d in dues if d is not None), default=None)

    def open_until(self) -> int | None:
        """Just behind the last row that waits."""
        highest = [int(f["_time"].to_physical().max()) for f in self._incoming.frames().values()]  # type: ignore[arg-type]
        return max(highest) + 1 if highest else None

    def snapshot(self) -> State:
        """Rows that wait, the evaluation of every key, and the rows that these hold."""
        book = RowBook(self._understood.rows)
        evaluations = self._keyed.save(book)
        incoming = self._incoming
        values = {
            "late": self._late,
            "unkeyed": incoming.unkeyed,
            "given_up": self._keyed.given_up,
            "first": incoming.first,
            "latest": incoming.latest,
            "evaluations": evaluations,
        }
        held = {f"{_HELD}{port}": frame for port, frame in incoming.frames().items()}
        return State(values, {**held, **book.frames(), **self._key_frame()})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        values = state.values
        self._late, self._incoming.unkeyed = values["late"], values["unkeyed"]
        self._incoming.first, self._incoming.latest = values["first"], values["latest"]
        self._keyed.given_up = self._told = values["given_up"]
        for port in range(len(self._node.inputs)):
            if f"{_HELD}{port}" in state.frames:
                self._incoming.put(port, state.frames[f"{_HELD}{port}"])
        book = RowBook(self._understood.rows)
        book.read(state.frames)
        count = len(values["evaluations"])
        keys = state.frames.get(_KEYS)
        named = [] if keys is None else zip(keys.get_columns(), self._key_types, strict=True)
        columns = [values_of(column, dtype) for column, dtype in named]
        self._keyed.load(list(zip(*columns, strict=True)) if columns else [()] * count, values["evaluations"], book)

    def notices(self) -> Iterable[GaveUp]:
        """That `limit` has bitten, with how often since the last word."""
        count = self._keyed.given_up - self._told
        if count:
            self._told = self._keyed.given_up
            yield GaveUp(self._node.block, f"limit: {self._node.limit}", count, self._reached)

    def statistics(self) -> Mapping[str, int]:
        """`late`, `unkeyed` (NULL in a key), `keys` held, `open` partial matches, `given_up` because of `limit`."""
        return {
            "late": self._late,
            "unkeyed": self._incoming.unkeyed,
            "keys": len(self._keyed.keys),
            "open": self._keyed.open_matches,
            "given_up": self._keyed.given_up,
        }

    def _key_frame(self) -> dict[str, pl.DataFrame]:
        if not self._node.keys or not self._keyed.keys:
            return {}
        columns = zip(*self._keyed.keys, strict=True)
        names = zip(self._node.keys, self._key_types, columns, strict=True)
        return {_KEYS: pl.DataFrame([series_of(name, list(values), dtype) for name, dtype, values in names])}
