"""What waits in front of one node: batches by port, since when they matter, and how much they are."""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.plan.waiting import MOST_ROWS
from slac.runtime.operator import ENDED
from slac.stream.batch import Batch

MOST_BYTES: Final = 4 * 1024 * 1024
"""So many bytes may wait in front of a node (batches that wait in front of several are held once)."""

Joined = dict[tuple[int, ...], tuple[list[Batch], Batch]]
"""Batches that were joined in this wave, by their identities: the readers of one node mostly take the same ones."""


class Inbox:
    """Batches in the order in which they came.

    `rows`: how many they are; `due`: the lowest watermark at which one of them matters; `earliest`: the lowest `_time`
    (µs) of what they lead to.
    """

    __slots__ = ("_batches", "_bytes", "due", "earliest", "rows")

    def __init__(self) -> None:
        self._batches: list[tuple[int, Batch]] = []
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
