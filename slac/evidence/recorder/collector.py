"""Looks on while the core works: numbers what happens, and puts frames aside by reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import polars as pl

from slac.evidence.log.entries import Entry, EntryKind
from slac.evidence.log.frames import SEQ
from slac.evidence.log.segment import Content
from slac.runtime.durable.pieces import CutState
from slac.runtime.links.position import Position
from slac.runtime.recorder import Accepting
from slac.stream.batch import ID, Batch

_ROW: Final = 128
"""Bytes that a row takes, roughly: what a frame really takes would cost more to know than to keep."""
_EDGE: Final = 24


class Collector:
    """A `slac.runtime.recorder.Recorder` for one run; `taken` hands over what has gathered.

    `nodes` are those whose rows are wanted, `rim` those where rows come in, `precious` those of which nothing is left
    out while there is any room. `pressure` says how full the way to the disk is: above 1 rows are left out, and
    counted, first of those nodes that can be computed again; above 2 all.
    """

    def __init__(
        self, first: int, *, rim: frozenset[str], precious: frozenset[str], pressure: Callable[[], float]
    ) -> None:
        self.nodes: frozenset[str] = frozenset()
        self.inlets: Mapping[str, Accepting] = {}
        """Receiving links by node, where the log says how far they have accepted."""
        self.waiting = 0
        self._rim = rim
        self._precious = precious
        self._pressure = pressure
        self._next = first
        self._wave = first
        self._content = Content()
        self._marks: dict[str, int] = {}
        self._certain: dict[str, int] = {}
        self._lost: dict[str, int] = {}

    def saw(self, node_id: str, batch: Batch) -> None:
        """A batch that came in has an entry of its own; one that was made belongs to the wave."""
        seq = self._wave
        if node_id in self._rim:
            seq = self.say(EntryKind.ENTER, node_id, batch.height, late=batch.late)
        if node_id not in self.nodes:
            return
        pressure = self._pressure()
        if pressure > 1 and (pressure > 2 or not (node_id in self._precious or node_id in self._rim)):
            self._lost[node_id] = self._lost.get(node_id, 0) + batch.height
            return
        self.waiting += batch.height * _ROW
        self._content.rows.setdefault(node_id, []).append((seq, batch))

    def told(self, node_id: str, edges: pl.DataFrame) -> None:
        """Edges belong to the wave, too."""
        if node_id in self.nodes and edges.height and self._pressure() <= 1:
            self.waiting += edges.height * _EDGE
            placed = edges.select(pl.lit(self._wave, pl.Int64).alias(SEQ), ID, "_consumed")
            self._content.edges.setdefault(node_id, []).append(placed)

    def wave(self, promised: Mapping[str, int], certain: Mapping[str, int], *, end: bool) -> None:
        """What has changed at the rim; a wave in which nothing has is none."""
        for node_id, mark in promised.items():
            if self._marks.get(node_id) != mark:
                self._marks[node_id] = mark
                self.say(EntryKind.MARK, node_id, mark)
        for node_id, mark in certain.items():
            if self._certain.get(node_id) != mark:
                self._certain[node_id] = mark
                self.say(EntryKind.DOUBT, node_id, mark)
        for node_id, inlet in self.inlets.items():
            self._accepted(node_id, inlet.take_moved())
        if end or self._next > self._wave + 1:
            self._wave = self.say(EntryKind.RUN, value=int(end))

    def say(self, kind: EntryKind, node: str = "", value: int = 0, *, late: bool = False, detail: str = "") -> int:
        """One more entry; returns its number."""
        seq = self._next
        self._next += 1
        self._content.entries.append(Entry(seq, kind, node, value, late, detail))
        return seq

    def hold(self, states: Mapping[str, CutState]) -> None:
        """What all blocks hold now, as of an entry of its own."""
        self._content.states[self.say(EntryKind.STATE)] = states
        for node_id, inlet in self.inlets.items():
            self._accepted(node_id, inlet.positions())

    def _accepted(self, node_id: str, positions: Iterable[Position]) -> None:
        for position in positions:
            self.say(EntryKind.LINK, node_id, position.watermark, detail=msgspec.json.encode(position).decode())

    def lose(self, node: str, rows: int, why: str = "") -> None:
        """Say that rows are not in the log."""
        self.say(EntryKind.LOST, node, rows, detail=why)

    def taken(self) -> tuple[Content, int]:
        """All that has gathered since the last time, and its bytes."""
        for node, rows in self._lost.items():
            self.lose(node, rows, "the disk did not follow")
        self._lost.clear()
        content, waiting = self._content, self.waiting
        self._content, self.waiting = Content(), 0
        return content, waiting
