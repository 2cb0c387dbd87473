"""The log of one runtime: switched on and off while it runs, collected in the core and written behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from slac.evidence.log.entries import EntryKind
from slac.evidence.log.layout import place_of
from slac.evidence.log.nodes import modes_of, verdict_nodes
from slac.evidence.log.states import state_bytes
from slac.evidence.log.writer import SEGMENTS, LogWriter, RunHead
from slac.evidence.recorder.collector import Collector
from slac.evidence.recorder.history import History
from slac.evidence.recorder.keeping import reduce_segment
from slac.evidence.recorder.spool import Spool
from slac.evidence.recorder.thread import WriterThread
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.runtime.durable.pieces import CutState, cut
from slac.runtime.instructions import GaveUp, Instruction, Mixed, Refused
from slac.runtime.links.protocol import Named
from slac.runtime.links.sending import Sending
from slac.runtime.links.server import LinkServer
from slac.runtime.recorder import LogMode, LogStatus, Recorded
from slac.shedding.gate import GateDecision

WAITING: Final = 32
"""What waits for the disk, and what is kept as history, take one part in so many of the memory budget at most."""
SHARE: Final = 4
"""Of a segment what blocks hold takes one part in so many at most."""


class RunLog:
    """A `slac.runtime.recorder.Logbook` for the runtime `instance` of `node`.

    `directory` is where `logging.directory` begins; `memory` the bytes that the runtime may use in all.
    """

    def __init__(self, plan: Plan, *, node: str, instance: str, directory: Path, memory: int) -> None:
        logging = plan.data.logging
        self._plan = plan
        self._part = plan.part(node)
        self._place = place_of(directory / logging.directory, plan.document, node, instance)
        self._who = (node, instance)
        self._memory = memory
        self._mode: LogMode = logging.mode
        self._run: tuple[bool, int | None, int] = (False, None, 0)
        self._began = True
        self._flow: Recorded | None = None
        self._server: LinkServer | None = None
        self._verdicts = verdict_nodes(self._part)
        self._now = 0
        self._collector: Collector | None = None
        self._thread: WriterThread | None = None
        self._skip = 0

    def begin(self, flow: Recorded, *, live: bool, start: int | None, restored: int, now: int) -> None:
        """As `Logbook.begin`."""
        self._flow, self._run = flow, (live, start, restored)
        self._began = True
        self._start(now, self._held(self._mode) if restored else None)
        self._began = False

    def meet(self, server: LinkServer | None, client: Sending | None) -> None:
        """As `Logbook.meet`."""
        self._server = server
        if client is not None:
            client.named = self._keep

    def switch(self, mode: LogMode, now: int) -> None:
        """What was logged so far stays; a log that begins now does not begin with the run."""
        if mode == self._mode:
            return
        # What waited comes out now: it belongs to what was logged so far.
        held = self._held(mode)
        self._stop(now)
        self._mode = mode
        self._start(now, held)

    def look(self, instructions: Sequence[Instruction], now: int) -> None:
        """Refusals and notices become entries; what has gathered is handed over."""
        if self._collector is None or self._thread is None:
            return
        if instructions:
            self._note(self._collector, instructions)
        if self._thread.wants_state:
            self._hold_again()
        content, size = self._collector.taken()
        is_verdict = not self._verdicts.isdisjoint(content.rows)
        self._thread.put(content, size, now)
        self._now = now
        if is_verdict and self._server is not None and not self._run[0]:
            # Who sends a file to its end is gone as soon as this runtime has taken all of it.
            self._thread.settle()
        if self._server is not None:
            for named in self._thread.stage.take_named():
                self._server.name(named)

    def decided(self, decision: GateDecision) -> None:
        """The decision, whole."""
        if self._collector is not None:
            self._collector.say(EntryKind.GATE, decision.input, detail=msgspec.json.encode(decision).decode())

    def saved(self, number: int) -> Callable[[], None]:
        """What came before is written soon: a restart from there finds its place."""
        if self._collector is None or self._thread is None:
            return lambda: None
        self._collector.say(EntryKind.SAVED, value=number)
        content, size = self._collector.taken()
        self._thread.put(content, size, self._now)
        self._thread.flush(self._now)
        return self._thread.written()

    @property
    def status(self) -> LogStatus:
        """How it goes."""
        if self._thread is None:
            return LogStatus(mode=self._mode)
        thread = self._thread
        return LogStatus(
            mode=self._mode, place=str(self._place), bytes=thread.bytes, lost=thread.lost, trouble=thread.trouble
        )

    def close(self) -> None:
        """Write what is left."""
        self._stop(0)

    def _keep(self, named: Named) -> None:
        if self._thread is not None:
            self._thread.keep(named, self._now)

    def _modes(self) -> Mapping[str, LogMode]:
        return modes_of(self._part, self._mode, self._plan.data.logging)

    def _held(self, mode: LogMode) -> Mapping[str, CutState] | None:
        """What blocks hold, for a log that can be run again and does not begin with the run."""
        return cut(self._flow.snapshot()) if mode == "full" and self._flow is not None else None

    def _hold_again(self) -> None:
        """Older segments go one day: a replay may begin with this one. Not where it would be mostly state."""
        assert self._collector is not None
        assert self._thread is not None
        self._thread.held()
        if self._skip:
            self._skip -= 1
            return
        held = self._held(self._mode)
        if held is None:
            return
        if state_bytes(held) > self._plan.data.logging.max_size // (SEGMENTS * SHARE):
            self._skip = SEGMENTS
            return
        self._collector.hold(held)

    def _start(self, now: int, held: Mapping[str, CutState] | None = None) -> None:
        modes = self._modes()
        if not modes or self._flow is None:
            return
        live, start, restored = self._run
        node, instance = self._who
        head = RunHead(
            node=node,
            instance=instance,
            mode=self._mode,
            live=live,
            start=start,
            restored=restored,
            whole=self._began,
        )
        writer = LogWriter(self._place, self._plan, head, max_size=self._plan.data.logging.max_size, now=now)
        writer.reduce = lambda number: reduce_segment(self._place, self._part, number)
        share = max(self._memory // WAITING, 1 << 20)
        spool = Spool(self._place, self._plan.meaning, limit=share)
        begun = max(restored, 0) if self._began else 0
        thread = WriterThread(writer, History(self._part, modes, limit=share, spool=spool, restored=begun), limit=share)
        rim = frozenset(n.id for n in self._part.nodes if isinstance(n, SourceNode | LinkInNode))
        collector = Collector(
            writer.next_seq, rim=rim, precious=verdict_nodes(self._part), pressure=lambda: thread.pressure
        )
        collector.nodes = frozenset(modes)
        collector.inlets = self._flow.inlets if self._mode == "full" else {}
        if held is not None:
            collector.hold(held)
        self._thread, self._collector = thread, collector
        self._flow.record(collector)

    def _stop(self, now: int) -> None:
        if self._flow is not None:
            self._flow.record(None)
        if self._collector is not None and self._thread is not None:
            content, size = self._collector.taken()
            self._thread.put(content, size, now)
            self._thread.close()
        self._collector = self._thread = None

    @staticmethod
    def _note(collector: Collector, instructions: Sequence[Instruction]) -> None:
        refused: Counter[tuple[str, str]] = Counter()
        for instruction in instructions:
            match instruction:
                case Refused(input=name, reason=reason):
                    refused[name, reason] += 1
                case GaveUp(block=block, bound=bound, count=count):
                    collector.say(EntryKind.NOTICE, block, count, detail=f"{count} partial matches given up ({bound})")
                case Mixed(block=block, count=count):
                    collector.say(EntryKind.NOTICE, block, count, detail=f"{count} results of mixed series")
                case _:
                    continue
        for (name, reason), count in refused.items():
            collector.say(EntryKind.REFUSED, name, count, detail=reason)
