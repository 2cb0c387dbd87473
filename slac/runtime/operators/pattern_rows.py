"""What both ways to run a pattern share: rows of all ports wait for the watermark, and a bound that bites is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import polars as pl

from slac.plan.nodes import PatternNode
from slac.runtime.instructions import GaveUp
from slac.runtime.operator import Operator, State
from slac.runtime.patterns.events import Incoming
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.weights import KeyWeights
from slac.stream.batch import Batch, instants

_HELD: Final = "held"


class Matching(Protocol):
    """What finds the matches; `given_up` counts what `limit` has cut."""

    given_up: int

    def next_due(self) -> int | None:
        """The next instant (µs) at which something falls due without a row."""
        ...


class PatternRows(Operator):
    """A pattern node with rows that wait: port i holds those of its i-th input; late rows are dropped and counted."""

    def __init__(self, node: PatternNode, known: Understood, matching: Matching) -> None:
        self._node = node
        self._incoming = Incoming(node, known, [node.schema[k].dtype for k in node.keys])
        self._matching = matching
        self._weights = KeyWeights(node.within or 0)
        self._late = 0
        self._ended = False
        self._told = 0
        self._reached = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold the rows that some event of the pattern may fit until the watermark has passed them."""
        if batch.late:
            self._late += batch.height
        else:
            self._weights.see(batch.frame)
            self._incoming.add(port, batch.frame)
        return ()

    def next_due(self) -> int | None:
        """Just behind the first row that waits, or behind the next instant at which something is due."""
        dues = [self._incoming.earliest, None if self._ended else self._matching.next_due()]
        return min((d + 1 for d in dues if d is not None), default=None)

    def open_until(self) -> int | None:
        """Just behind the last row that waits."""
        highest = [int(instants(f).max()) for f in self._incoming.frames().values()]  # type: ignore[arg-type]
        return max(highest) + 1 if highest else None

    def notices(self) -> Iterable[GaveUp]:
        """That `limit` has bitten, with how often since the last word."""
        count = self._matching.given_up - self._told
        if count:
            self._told = self._matching.given_up
            yield GaveUp(self._node.block, f"limit: {self._node.limit}", count, self._reached)

    def statistics(self) -> Mapping[str, int]:
        """`late`, `unkeyed` (NULL in a key), `given_up` because of `limit`."""
        return {"late": self._late, "unkeyed": self._incoming.unkeyed, "given_up": self._matching.given_up}

    def snapshot(self) -> State:
        """The rows that wait, and what was counted."""
        incoming = self._incoming
        values: dict[str, Any] = {
            "late": self._late,
            "unkeyed": incoming.unkeyed,
            "given_up": self._matching.given_up,
            "first": incoming.first,
            "latest": incoming.latest,
            "weights": self._weights.snapshot(),
        }
        return State(values, {f"{_HELD}{port}": frame for port, frame in incoming.frames().items()})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        values = state.values
        self._late, self._incoming.unkeyed = values["late"], values["unkeyed"]
        self._incoming.first, self._incoming.latest = values["first"], values["latest"]
        self._matching.given_up = self._told = values["given_up"]
        self._weights.restore(values.get("weights", ((), ())))
        for port in range(len(self._node.inputs)):
            if f"{_HELD}{port}" in state.frames:
                self._incoming.put(port, state.frames[f"{_HELD}{port}"])

    def _weighed(self, said: Iterable[pl.DataFrame], watermark: int) -> list[Batch]:
        """Matches as batches, with what each stands for where a gate drops whole keys."""
        made = [Batch(self._weights.weighed(frame)) for frame in said]
        self._weights.forget(watermark)
        return made

    def _silent_until(self, watermark: int, *, end: bool) -> int:
        """Up to when silence counts: at the end of the input none is invented behind its last row."""
        latest = self._incoming.latest
        until = watermark if not end or latest is None else min(watermark, latest + 1)
        self._ended, self._reached = end, until
        return until


def also(state: State, values: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> State:
    """A snapshot with more in it."""
    return State({**state.values, **values}, {**state.frames, **frames})
