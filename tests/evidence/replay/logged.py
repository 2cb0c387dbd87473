"""A runtime that logs in full, crashes, and goes on from its checkpoints: what a process does, without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson

from slac.evidence.log.entries import EntryKind
from slac.evidence.log.layout import place_of
from slac.evidence.log.nodes import logged_nodes, verdict_nodes
from slac.evidence.log.reader import LogDirectory
from slac.evidence.log.writer import LogWriter, RunHead
from slac.evidence.recorder.collector import Collector
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core
from slac.runtime.durable.pieces import cut
from slac.shedding.gate import GateDecision
from slac.stream.ports import Records
from slac.testing.sensitive import HASHER


class LoggedRun:
    """One runtime of `plan`; what it was told since its checkpoint it is told again after a crash."""

    def __init__(self, plan: Plan, directory: Path, *, node: str = "all", live: bool = False, start: int = 0) -> None:
        self.plan, self.node, self.directory = plan, node, directory
        self.live, self.now = live, start
        self._start = start
        self._part = plan.part(node)
        self._number = 0
        self._saved: Any = None
        self._since: list[tuple[str, bytes | GateDecision]] = []
        self._begin(0)

    @property
    def log(self) -> LogDirectory:
        """The log as it is on the disk."""
        return LogDirectory(place_of(self.directory, self.plan.document, self.node, "a"))

    def give(self, block: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Events for an input."""
        lines = b"\n".join(orjson.dumps(dict(e)) for e in events)
        self._since.append((block, lines))
        self._tell(block, lines)

    def decide(self, block: str, fraction: float) -> None:
        """The gate of an input decides, and it is logged; after a crash it decides again, and it is not."""
        source = self.core.sources[block]
        made = source.gate.set_admission(fraction, "cpu", source.positions)
        self._since.append((block, made))
        self.collector.say(EntryKind.GATE, block, detail=msgspec.json.encode(made).decode())

    def tick(self, now: int) -> None:
        """The clock goes on."""
        self.now = now
        self.core.on_tick(now)
        self.look()

    def look(self) -> None:
        """Write what has gathered."""
        self.writer.write(self.collector.taken()[0], self.now)

    def checkpoint(self) -> None:
        """Cut, and remember."""
        self._number += 1
        self._saved = pack(self.core.snapshot())
        self.collector.say(EntryKind.SAVED, value=self._number)
        self._since = []
        self.look()

    def crash(self, *, torn: bool = False) -> None:
        """Lose all that is in memory (`torn`: also what was not written yet), and go on from the checkpoint."""
        if not torn:
            self.look()
        self.writer.close()
        self._begin(self._number)
        if self._saved is not None:
            self.core.restore(unpack(self._saved), self.now)
        for block, what in self._since:
            if isinstance(what, bytes):
                self._tell(block, what, written=True)
            else:
                self.core.sources[block].gate.apply(what)

    def switch(self) -> None:
        """The log is switched off and on again: it begins with what the blocks hold."""
        held = cut(self.core.flow.snapshot())
        self.look()
        self.writer.close()
        self._log(0, whole=False)
        self.collector.hold(held)

    def hold(self) -> None:
        """What the blocks hold is written beside what goes on, as where a segment begins."""
        self.collector.hold(cut(self.core.flow.snapshot()))
        self.look()

    def end(self) -> None:
        """All inputs come to their end, and the log is closed."""
        for block in self.core.sources:
            self.core.on_input_ended(block)
        self.close()

    def close(self) -> None:
        """The runtime is gone, with a last checkpoint."""
        self.checkpoint()
        self.writer.close()

    def _tell(self, block: str, lines: bytes, *, written: bool = True) -> None:
        self.core.on_records(block, [Records(source="s", arrival=self.now, ndjson=lines)])
        if written:
            self.look()

    def _begin(self, restored: int) -> None:
        self.core = Core(self._part, now=self._start, live=self.live, hasher=HASHER)
        self._log(restored)

    def _log(self, restored: int, *, whole: bool = True) -> None:
        head = RunHead(
            node=self.node,
            instance="a",
            mode="full",
            live=self.live,
            start=self._start,
            restored=restored,
            whole=whole,
        )
        place = place_of(self.directory, self.plan.document, self.node, "a")
        self.writer = LogWriter(place, self.plan, head, max_size=1 << 40, now=self.now)
        rim = frozenset(n.id for n in self._part.nodes if isinstance(n, SourceNode | LinkInNode))
        self.collector = Collector(
            self.writer.next_seq, rim=rim, precious=verdict_nodes(self._part), pressure=lambda: 0.0
        )
        self.collector.inlets = self.core.flow.inlets
        self.collector.nodes = logged_nodes(self._part)
        self.core.flow.record(self.collector)
