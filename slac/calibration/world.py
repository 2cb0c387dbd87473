"""All runtimes of a plan in one process, under a clock that goes on by what their work takes.

Real cores, decoding, gathering, records of outputs, frames of links and checkpoints; no sockets, no waiting: the clock
moves to whatever is next, so that minutes of a light load pass in a second. What each node costs is measured where it
stands, among all others, with the caches as they then are; the same operator alone in a loop is several times as fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Final, Protocol, TypeVar

import msgspec
import polars as pl

from slac.adapters.publication.records import to_ndjson
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, OutputNode, SourceNode
from slac.runtime.checkpoint import pack
from slac.runtime.core import Core
from slac.runtime.costs import Tally, Timer
from slac.runtime.instructions import Instruction, Publish, Send
from slac.runtime.key_watch import KeyWatch
from slac.runtime.links.bodies import from_body, to_body
from slac.runtime.noticing import noticing
from slac.runtime.shell.gathering import Gathering
from slac.runtime.shell.patience import Patience
from slac.shedding.admission import Admission, weight_of
from slac.stream.batch import WEIGHT_ONE, instants
from slac.stream.clock import SECOND
from slac.stream.ports import Records

START: Final = 1_700_000_000 * SECOND
SLICE: Final = SECOND // 1000
"""Inputs hand over what has come in by then (µs)."""
WAVE: Final = "(wave)"
"""The tally of waves beside what their nodes take."""
CHECKPOINT: Final = "(checkpoint)"
_GOLDEN: Final = (5**0.5 - 1) / 2
"""Its multiples are spread over [0, 1) without any randomness."""

T = TypeVar("T")


class Feed(Protocol):
    """Makes the events of one input."""

    def take(self, number: int, since: int, until: int) -> Records:
        """So many events, spread over [since, until) (wall clock, µs)."""
        ...


@dataclass(slots=True)
class Queue:
    """What waits at one input: since when, and until when it is left undecoded at the latest (wall clock, µs)."""

    patience: Patience | None = None
    records: list[Records] = field(default_factory=list)
    bytes: int = 0
    since: int = 0
    ready: int = 0

    def add(self, records: Records, at: int) -> None:
        """What has come in at `at`."""
        self.since = self.since if self.records else at
        self.records.append(records)
        self.bytes += records.size
        left = 0 if self.patience is None else self.patience.left(at, since=self.since, size=self.bytes)
        # What is found to be urgent is so for good; what is not may still become it.
        self.ready = at + left if len(self.records) == 1 else min(self.ready, at + left)

    def take(self) -> list[Records]:
        """All of it, neighbours as one."""
        taken, self.records, self.bytes = self.records, [], 0
        return _merged(taken)


class _TimedKeys(KeyWatch):
    """The keys of an input, counted; `tallies`: what that takes of decoding, by input."""

    def __init__(self, node: SourceNode, tallies: dict[str, Tally], timer: Timer) -> None:
        super().__init__(node.rate.keys if node.rate else {}, frozenset(node.schema.names))
        self._id, self._tallies, self._timer = node.id, tallies, timer

    def take(self, frame: pl.DataFrame) -> None:
        """Account for the rows of one batch."""
        began = self._timer()
        super().take(frame)
        self._tallies.setdefault(self._id, Tally()).add(frame.height, self._timer() - began)


@dataclass
class Runtime:
    """One placement: its core, what has come in and waits, and what it has used (CPU seconds, waves).

    `frames`: how many with rows it has sent, by sending node. `watched`: the costs of counting keys, by input.
    """

    name: str
    core: Core
    gathering: Gathering
    queues: dict[str, Queue]
    used: float = 0.0
    waves: int = 0
    frames: Counter[str] = field(default_factory=Counter)
    watched: dict[str, Tally] = field(default_factory=dict)
    sends: list[tuple[str, Send, bytes | None]] = field(default_factory=list)
    heard: int = 0
    worked: int = START

    @property
    def tallies(self) -> dict[str, Tally]:
        """The costs of its nodes, its waves and its checkpoints."""
        return self.core.flow.costs.tallies

    def due(self) -> int | None:
        """When its next wave begins (µs); None where nothing waits."""
        readies = [q.ready for q in self.queues.values() if q.records]
        if self.sends:
            readies.append(self.heard)
        if not readies:
            return None
        # What came during a wave is found behind it.
        since = max(min(readies), self.worked)
        peers = len({i.node.origin for i in self.core.inlets.values()}) if self.sends else 0
        waiting = sum(q.bytes for q in self.queues.values() if q.ready <= since)
        return since + round(SECOND * self.gathering.pause(since, waiting=waiting, peers=peers))


class World:
    """All placements of a plan, senders first.

    `rates`: events a second by input. `latencies`: by block, µs from what a row is about to its publication.
    `holding`: inputs of which nobody would notice stay undecoded for a while, as in a runtime of its own. `thinned`:
    the share of events that gates let pass, but all failures that they can tell before decoding; None: they are open.
    """

    def __init__(
        self,
        plan: Plan,
        feeds: Mapping[str, Feed],
        rates: Mapping[str, float],
        timer: Timer,
        *,
        holding: bool = False,
        thinned: float | None = None,
    ) -> None:
        self.plan = plan
        self.now = START
        self.rates = dict(rates)
        self.latencies: dict[str, list[int]] = {}
        self._timer = timer
        self._feeds = feeds
        self._homes = {n.block: n.node for n in plan.nodes if isinstance(n, SourceNode)}
        self._given = dict.fromkeys(feeds, 0)
        self._kinds = _kinds(plan)
        self._links = {(n.stream, n.node): n.id for n in plan.nodes if isinstance(n, LinkInNode | LinkOutNode)}
        self.holding, self.thinned = holding, thinned
        self._notices = noticing(plan) if holding else {}
        self.runtimes = {name: self._runtime(name) for name in senders_first(plan)}
        self._slice, self._tick, self._kept = START + SLICE, START + SECOND, START + plan.data.checkpoint
        for runtime in self.runtimes.values():
            for inlet in runtime.core.inlets.values():
                inlet.join(inlet.node.origin, START)

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.now + round(seconds * SECOND)
        while self.now < until:
            due = [d for r in self.runtimes.values() if (d := r.due()) is not None]
            self.now = max(self.now, min([self._slice, self._tick, self._kept, *due]))
            self._arrive()
            for runtime in self.runtimes.values():
                at = runtime.due()
                if at is not None and at <= self.now:
                    self._wave(runtime)
            if self._tick <= self.now:
                for runtime in self.runtimes.values():
                    self._carry_out(runtime, lambda r=runtime: r.core.on_tick(self.now))  # type: ignore[misc]
                self._tick = self._next_tick()
            if self._kept <= self.now:
                self._kept += self.plan.data.checkpoint
                for runtime in self.runtimes.values():
                    self._checkpoint(runtime)

    def reset(self) -> None:
        """Forget what has been used and measured, not what is held."""
        self.latencies.clear()
        for runtime in self.runtimes.values():
            runtime.used, runtime.waves = 0.0, 0
            runtime.tallies.clear()
            runtime.frames.clear()
            runtime.watched.clear()

    def _next_tick(self) -> int:
        """Once a second, and when a promise would let something fire, as in the shell."""
        wakes = [w for r in self.runtimes.values() if (w := r.core.next_wake()) is not None]
        return min(self.now + SECOND, max(min(wakes, default=self.now + SECOND), self.now + SECOND // 100))

    def _arrive(self) -> None:
        while self._slice <= self.now:
            since, until = self._slice - SLICE, self._slice
            self._slice += SLICE
            for block, feed in self._feeds.items():
                number = come(self.rates[block] * (until - START) / SECOND) - self._given[block]
                if number:
                    self._given[block] += number
                    self._hand_over(block, feed.take(number, since, until), until)

    def _hand_over(self, block: str, records: Records, at: int) -> None:
        self.runtimes[self._homes[block]].queues[block].add(records, at)

    def _wave(self, runtime: Runtime) -> None:
        now = self.now
        merged = [(b, q.take()) for b, q in runtime.queues.items() if q.records and q.ready <= now]
        sends, runtime.sends = runtime.sends, []

        def work() -> list[Instruction]:
            for block, records in merged:
                runtime.core.enter_records(block, records)
            for peer, send, body in sends:
                link = self._links[send.stream, runtime.name]
                frame = None if body is None else self._noted(runtime, link, lambda b=body: from_body(b))  # type: ignore[misc]
                runtime.core.enter_link(send.stream, peer, replace(send, frame=frame), now)
            return runtime.core.carry(now)

        taken = self._carry_out(runtime, work, is_wave=True)
        runtime.waves += 1
        runtime.worked = self.now
        runtime.gathering.cost = taken
        runtime.gathering.look()

    def _carry_out(
        self, runtime: Runtime, work: Callable[[], Sequence[Instruction]], *, is_wave: bool = False
    ) -> float:
        before, began = sum(t.seconds for t in runtime.tallies.values()), self._timer()
        instructions = work()
        taken = self._timer() - began
        if is_wave:
            inside = sum(t.seconds for t in runtime.tallies.values()) - before
            runtime.tallies.setdefault(WAVE, Tally()).add(0, max(taken - inside, 0.0))
        self._spend(runtime, taken)
        for instruction in instructions:
            match instruction:
                case Publish(output=output, block=block, frame=frame):
                    self.latencies.setdefault(block, []).extend((self.now - instants(frame)).to_list())
                    call = lambda b=block, f=frame: to_ndjson(  # noqa: E731
                        f, document=self.plan.document, block=b, kind=self._kinds[b]
                    )
                    self._noted(runtime, output, call, rows=frame.height, spend=True)
                case Send(stream=stream, to=to, frame=frame):
                    body = None if frame is None else self._body(runtime, stream, frame)
                    other = self.runtimes[to]
                    other.heard = other.heard if other.sends else self.now
                    other.sends.append((runtime.name, instruction, body))
                case _:
                    pass
        return taken

    def _body(self, runtime: Runtime, stream: str, frame: pl.DataFrame) -> bytes:
        link = self._links[stream, runtime.name]
        runtime.frames[link] += 1
        return self._noted(runtime, link, lambda: to_body(frame), rows=frame.height, spend=True)

    def _checkpoint(self, runtime: Runtime) -> None:
        began = self._timer()
        runtime.core.flow.settle()
        settled = self._timer()
        size = len(msgspec.msgpack.encode(pack(runtime.core.snapshot())))
        ended = self._timer()
        self._spend(runtime, ended - began)
        runtime.tallies.setdefault(CHECKPOINT, Tally()).add(size, ended - settled)

    def _noted(self, runtime: Runtime, name: str, call: Callable[[], T], *, rows: int = 0, spend: bool = False) -> T:
        began = self._timer()
        given = call()
        taken = self._timer() - began
        runtime.tallies.setdefault(name, Tally()).add(rows, taken)
        if spend:
            self._spend(runtime, taken)
        return given

    def _spend(self, runtime: Runtime, seconds: float) -> None:
        runtime.used += seconds
        self.now += round(seconds * SECOND)

    def _runtime(self, name: str) -> Runtime:
        core = Core(self.plan.part(name), now=START, live=True, timer=self._timer)
        queues = {
            block: Queue(Patience(source, self._notices[block]) if block in self._notices else None)
            for block, source in core.sources.items()
        }
        for block, source in core.sources.items():
            source.has_waiting = lambda q=queues[block]: bool(q.records)  # type: ignore[misc]
        runtime = Runtime(name, core, Gathering(core), queues)
        for source in core.sources.values():
            if self.thinned is not None:
                whole = {1 << n: WEIGHT_ONE for n in source.sieve.hoisted.told}
                admission = Admission(unread=weight_of(self.thinned), hoisted=whole)
                source.gate.set_admission(self.thinned, "cpu", {}, admission=admission)
            if source.node.rate is not None and source.node.rate.keys:
                source.keys = _TimedKeys(source.node, runtime.watched, self._timer)
        return runtime


def come(gaps: float) -> int:
    """How many events have come after so many mean gaps: evenly, but each somewhere within a gap of its own.

    Strictly even ones would keep step with windows, pauses and each other, and meet them always or never.
    """
    whole = int(gaps)
    return whole + (whole * _GOLDEN % 1.0 <= gaps - whole)


def senders_first(plan: Plan) -> list[str]:
    """Placements, each behind those that send to it."""
    after = {p.name: set[str]() for p in plan.data.placements}
    for node in plan.nodes:
        if isinstance(node, LinkInNode):
            after[node.node].add(node.origin)
    return list(TopologicalSorter(after).static_order())


def _kinds(plan: Plan) -> dict[str, str]:
    outputs = [n for n in plan.nodes if isinstance(n, OutputNode)]
    return {block: kind for n in outputs for block, kind in zip(n.blocks, n.kinds, strict=True)}


def _merged(some: Sequence[Records]) -> list[Records]:
    """Neighbours become one, as in the queue of an input."""
    if len(some) == 1:
        return list(some)
    if some[0].ndjson is None:
        frame = pl.concat([r.frame for r in some if r.frame is not None], rechunk=True)
        return [Records(source=some[0].source, arrival=some[-1].arrival, frame=frame)]
    text = b"\n".join(r.ndjson or b"" for r in some)
    return [Records(source=some[0].source, arrival=some[-1].arrival, ndjson=text)]
