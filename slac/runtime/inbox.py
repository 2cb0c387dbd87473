"""What waits in front of one node: batches by port, since when they matter, and how much they are."""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.plan.waiting import EVE_ROWS, MOST_ROWS
from slac.runtime.operator import ENDED
from slac.stream.batch import Batch

MOST_BYTES: Final = 4 * 1024 * 1024
"""So many bytes may wait in front of a node (batches that wait in front of several are held once)."""

Joined = dict[tuple[int, ...], tuple[list[Batch], Batch]]
"""Batches that were joined in this wave, by their identities: the readers of one node mostly take the same ones."""


class Inbox:
    """Batches in the order in which they came.

    `rows`: how many they are; `due`: the lowest watermark at which one of them matters; `earliest`: the lowest `_time`
    (µs) of what they lead to. `lead`: so long (µs) before that many of them are worked on.
    """

    __slots__ = ("_batches", "_bytes", "_lead", "_prepared", "due", "earliest", "rows")

    def __init__(self, lead: int = 0) -> None:
        self._batches: list[tuple[int, Batch]] = []
        self._lead, self._prepared = lead, ENDED
        self.rows = self._bytes = 0
        self.due = self.earliest = ENDED

    def add(self, port: int, batch: Batch, due: int, earliest: int) -> None:
        """One more, with what `Inbox` says of it."""
        self._batches.append((port, batch))
        self.rows += batch.height
        if self.rows < MOST_ROWS:
            # Otherwise it is known what to do, and adding up text costs half a millisecond.
            self._bytes += int(batch.frame.estimated_size())
        self.due, self.earliest = min(self.due, due), min(self.earliest, earliest)

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits that it is not to wait any longer."""
        return self.rows >= MOST_ROWS or self._bytes >= MOST_BYTES

    def prepares(self, watermark: int) -> bool:
        """Whether the most of what matters soon is to be worked on beforehand: once for what matters at one time."""
        if self.rows < EVE_ROWS or self.due - self._lead > watermark or self.due == self._prepared:
            return False
        self._prepared = self.due
        return True

    def take(self, joined: Joined) -> list[tuple[int, Batch]]:
        """All that waits, as few batches: those of a port that are alike become one."""
        taken, self._batches = self._batches, []
        self.rows = self._bytes = 0
        self.due = self.earliest = ENDED
        if len(taken) < 2:
            return taken
        alike: dict[tuple[int, bool, tuple[str, ...]], list[Batch]] = {}
        for port, batch in taken:
            alike.setdefault((port, batch.late, tuple(batch.frame.columns)), []).append(batch)
        return [(port, _one(batches, joined)) for (port, _, _), batches in alike.items()]


def _one(batches: list[Batch], joined: Joined) -> Batch:
    if len(batches) == 1:
        return batches[0]
    name = tuple(map(id, batches))
    if name not in joined:
        frame = pl.concat([b.frame for b in batches], rechunk=True)
        joined[name] = (batches, Batch(frame, late=batches[0].late))
    return joined[name][1]
