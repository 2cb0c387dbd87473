"""Rows that pass a block, a few of them, for those who look on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from slac.adapters.publication.records import to_ndjson
from slac.plan.graph import Plan
from slac.runtime.dataflow import Tap
from slac.stream.batch import Batch
from slac.stream.clock import SECOND

LIVES: Final = 10 * SECOND
"""A tap that nobody has asked for again within this time (µs) ends."""
WAITING: Final = 1_000
"""Batches that may wait to be looked at; what is more is not shown."""


@dataclass(slots=True)
class Watcher:
    """One who looks on: `rate` rows a second at most, from an allowance that fills up to one second's worth."""

    block: str
    rate: float
    asked: int
    filled: int
    allowance: float
    passed: int = 0
    waiting: deque[pl.DataFrame] = field(default_factory=lambda: deque(maxlen=WAITING))


class Taps:
    """What every batch passes (`slac.runtime.dataflow.Tap`): the one of the run itself, then those who look on."""

    def __init__(self, plan: Plan, first: Tap | None) -> None:
        # Where several nodes are one block, the last is what the block gives out.
        self._exits = {node.block: node.id for node in plan.nodes}
        self._document = plan.document
        self._first = first
        self._watchers: dict[bytes, Watcher] = {}

    def __call__(self, node_id: str, batch: Batch) -> None:
        """See a batch, in whatever thread the core works: it is only put aside here."""
        if self._first is not None:
            self._first(node_id, batch)
        for watcher in tuple(self._watchers.values()):
            if self._exits[watcher.block] == node_id:
                watcher.passed += batch.height
                watcher.waiting.append(batch.frame)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks that can be tapped here."""
        return tuple(self._exits)

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks on."""
        return bool(self._watchers)

    @property
    def watching(self) -> frozenset[bytes]:
        """Who looks on."""
        return frozenset(self._watchers)

    def watch(self, who: bytes, block: str, rate: float, now: int) -> None:
        """Begin, or go on; KeyError where the block is not here."""
        known = self._watchers.get(who)
        if known is not None and (known.block, known.rate) == (block, rate):
            known.asked = now
            return
        if block not in self._exits:
            raise KeyError(block)
        self._watchers[who] = Watcher(block, rate, asked=now, filled=now, allowance=max(rate, 1.0))

    def leave(self, who: bytes) -> None:
        """End."""
        self._watchers.pop(who, None)

    def shown(self, now: int) -> list[tuple[bytes, str, bytes, int]]:
        """For each who looks on: the block, some rows as lines of JSON, and how many have passed."""
        found = []
        for who, watcher in tuple(self._watchers.items()):
            if now - watcher.asked > LIVES:
                self.leave(who)
                continue
            watcher.allowance = min(
                max(watcher.rate, 1.0), watcher.allowance + watcher.rate * (now - watcher.filled) / SECOND
            )
            watcher.filled = now
            lines = self._lines(watcher)
            if lines:
                found.append((who, watcher.block, lines, watcher.passed))
        return found

    def _lines(self, watcher: Watcher) -> bytes:
        """Evenly out of all that has passed since the last time."""
        frames = [watcher.waiting.popleft() for _ in range(len(watcher.waiting))]
        rows = sum(frame.height for frame in frames)
        if not rows or watcher.allowance < 1:
            return b""
        every = max(1, -(-rows // int(watcher.allowance)))
        taken = pl.concat(frames, how="diagonal_relaxed").gather_every(every)
        watcher.allowance -= taken.height
        return to_ndjson(taken, document=self._document, block=watcher.block, kind="row")
