"""Rows that pass a block, a few of them, for those who look on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from slac.adapters.publication.records import to_ndjson
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode, OutputNode
from slac.runtime.delivery import Tap
from slac.runtime.links.bodies import to_body
from slac.stream.batch import Batch
from slac.stream.clock import SECOND

TapForm = Literal["json", "arrow"]
LIVES: Final = 10 * SECOND
"""A tap that nobody has asked for again within this time (µs) ends."""
WAITING: Final = 1_000
"""Batches that may wait to be looked at; what is more is not shown."""
WAITING_ROWS: Final = 500_000
"""Rows that may wait for one who wants all of them."""


@dataclass(slots=True)
class Watcher:
    """One who looks on: `rate` rows a second at most, from an allowance that fills up to one second's worth.

    With the form `arrow` all rows are shown, as long as they are fetched: at most `WAITING_ROWS` are held.
    """

    block: str
    rate: float
    asked: int
    filled: int
    allowance: float
    form: TapForm = "json"
    passed: int = 0
    held: int = 0
    waiting: deque[pl.DataFrame] = field(default_factory=deque)

    def take(self, frame: pl.DataFrame) -> None:
        """Put a batch aside; of what nobody has fetched in time some is left out, and only counted."""
        self.passed += frame.height
        if self.form == "arrow" and self.held + frame.height > WAITING_ROWS:
            return
        if self.form == "json" and len(self.waiting) == WAITING:
            self.held -= self.waiting.popleft().height
        self.held += frame.height
        self.waiting.append(frame)

    def fetch(self) -> list[pl.DataFrame]:
        """All that was put aside."""
        frames = [self.waiting.popleft() for _ in range(len(self.waiting))]
        self.held -= sum(frame.height for frame in frames)
        return frames


class Taps:
    """What every batch passes (`slac.runtime.delivery.Tap`): the one of the run itself, then those who look on."""

    def __init__(self, plan: Plan, first: Tap | None) -> None:
        # Where several nodes are one block, the last is what the block gives out.
        self._exits = {n.block: n.id for n in plan.nodes if not isinstance(n, LinkOutNode | OutputNode)}
        self._document = plan.document
        self._first = first
        self._watchers: dict[bytes, Watcher] = {}

    def __call__(self, node_id: str, batch: Batch) -> None:
        """See a batch, in whatever thread the core works: it is only put aside here."""
        if self._first is not None:
            self._first(node_id, batch)
        for watcher in tuple(self._watchers.values()):
            if self._exits[watcher.block] == node_id:
                watcher.take(batch.frame)

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

    def watch(self, who: bytes, block: str, rate: float, now: int, form: TapForm = "json") -> None:
        """Begin, or go on; KeyError where the block is not here."""
        known = self._watchers.get(who)
        if known is not None and (known.block, known.rate, known.form) == (block, rate, form):
            known.asked = now
            return
        if block not in self._exits:
            raise KeyError(block)
        self._watchers[who] = Watcher(block, rate, asked=now, filled=now, allowance=max(rate, 1.0), form=form)

    def leave(self, who: bytes) -> None:
        """End."""
        self._watchers.pop(who, None)

    def shown(self, now: int) -> list[tuple[bytes, str, bytes, int]]:
        """For each who looks on: the block, rows in the form that was asked for, and how many have passed."""
        found = []
        for who, watcher in tuple(self._watchers.items()):
            if now - watcher.asked > LIVES:
                self.leave(who)
                continue
            watcher.allowance = min(
                max(watcher.rate, 1.0), watcher.allowance + watcher.rate * (now - watcher.filled) / SECOND
            )
            watcher.filled = now
            lines = self._lines(watcher) if watcher.form == "json" else _whole(watcher.fetch())
            if lines:
                found.append((who, watcher.block, lines, watcher.passed))
        return found

    def _lines(self, watcher: Watcher) -> bytes:
        """Evenly out of all that has passed since the last time."""
        frames = watcher.fetch()
        rows = sum(frame.height for frame in frames)
        if not rows or watcher.allowance < 1:
            return b""
        every = max(1, -(-rows // int(watcher.allowance)))
        taken = pl.concat(frames, how="diagonal_relaxed").gather_every(every)
        watcher.allowance -= taken.height
        return to_ndjson(taken, document=self._document, block=watcher.block, kind="row")


def _whole(frames: list[pl.DataFrame]) -> bytes:
    """All rows as an Arrow IPC stream."""
    return to_body(pl.concat(frames, how="diagonal_relaxed")) if frames else b""
