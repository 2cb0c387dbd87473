"""All runtimes of a plan in one process under one manual clock: what tests, replay and simulation drive.

What one runtime sends arrives at the other at once, through the same encoding as over a socket; a restart goes through
the same packing as a checkpoint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from slac.plan.graph import Placement, Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.runtime.core import Core
from slac.runtime.instructions import GaveUp, Instruction, Mixed, Publish, Refused, Send
from slac.runtime.links.bodies import from_body, to_body
from slac.runtime.links.dividing import divided
from slac.stream.batch import ID, TIME, Batch
from slac.stream.clock import ManualClock
from slac.stream.ports import Records
from slac.testing.exchange import exchanged
from slac.testing.journal import Journal, Said
from slac.testing.sensitive import HASHER

Runtime = tuple[str, str]
"""A node and the name of one of its instances."""


class Harness:
    """Runs `plan` with the given instances of each node (one, called like the node, where nothing is said).

    Where several instances receive, the senders are dealt out among them in their order.
    `live` as for `Core`; `start` is the wall clock at the beginning (µs). With `journal`, checkpoints are taken
    as often as the plan says, at ticks, and what comes in is remembered since: what `crash` needs. `skew`: how far the
    clocks of runtimes are ahead of all others (µs).
    """

    def __init__(
        self,
        plan: Plan,
        *,
        instances: Mapping[str, Sequence[str]] | None = None,
        live: bool = False,
        start: int = 0,
        journal: bool = False,
        skew: Mapping[Runtime, int] | None = None,
    ) -> None:
        self.plan = plan
        self._skew = skew or {}
        self.clock = ManualClock(start)
        self.refused: list[Refused] = []
        self.gave_up: list[GaveUp] = []
        self.mixed: list[Mixed] = []
        self._live = live
        self._made: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._instances = {p.name: list((instances or {}).get(p.name, _names(p))) for p in plan.data.placements}
        self._published: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._cut: dict[Runtime, list[Send]] = {}
        self.cores = {(node, name): self._core(node, name) for node, names in self._instances.items() for name in names}
        self._tables = {n.block for n in plan.nodes if isinstance(n, SourceNode) and n.table is not None}
        self._introduce()
        self._journals = {r: Journal.begin(core, start) for r, core in self.cores.items()} if journal else {}

    def give(self, block: str, rows: Sequence[Mapping[str, Any]] | bytes, *, instance: str | None = None) -> None:
        """Records for input `block`: wire objects, or NDJSON; at the first instance unless said otherwise."""
        self._begin()
        runtime = self._runtime(block, instance)
        ndjson = rows if isinstance(rows, bytes) else b"\n".join(orjson.dumps(dict(r)) for r in rows)
        records = Records(source=runtime[1], arrival=self._now(runtime), ndjson=ndjson, origin="test")
        self._tell(runtime, lambda core: core.on_records(block, [records]), input_=block)

    def table(self, block: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """All rows of a table from now on, on every runtime that reads it; those given first hold since ever."""
        self._tables.discard(block)
        frame = pl.DataFrame([dict(r) for r in rows], infer_schema_length=None, strict=False)
        records = Records(source=block, arrival=self.clock.now(), frame=frame, origin="test")
        for runtime, core in self.cores.items():
            if block in core.sources:
                self._tell(runtime, lambda core: core.on_records(block, [records]), input_=block)

    def inject(self, block: str, frame: pl.DataFrame, *, instance: str | None = None) -> None:
        """Rows as if `block` had made them: meta columns `_time` and `_id`, then the block's columns."""
        self._begin()
        now = self.clock.now()

        def said(core: Core) -> list[Instruction]:
            core.flow.enter(block, Batch(frame))
            return core.on_tick(now) if self._live else core.proceed()

        self._tell(self._runtime(block, instance), said)

    def advance(self, by: int, step: int = 1_000_000) -> None:
        """Let `by` µs of wall clock pass; every runtime ticks at least every `step` µs."""
        self._begin()
        target = self.clock.now() + by
        while self.clock.now() < target:
            self.clock.advance(min(step, target - self.clock.now()))
            now = self.clock.now()
            self._hear()
            for runtime in list(self.cores):
                at = self._now(runtime)
                self._tell(runtime, lambda core, at=at: core.on_tick(at))  # type: ignore[misc]
            for runtime, journal in self._journals.items():
                if now - journal.taken >= self.plan.data.checkpoint:
                    journal.renew(self.cores[runtime], now)

    def cut(self, node: str, instance: str | None = None) -> None:
        """From now on nobody hears this runtime; it goes on, and what it sends waits."""
        self._cut.setdefault((node, instance or self._instances[node][0]), [])

    def mend(self, node: str, instance: str | None = None) -> None:
        """The runtime is heard again, with all that it has sent meanwhile."""
        name = instance or self._instances[node][0]
        self._carry(node, name, self._cut.pop((node, name), []))

    def end(self) -> None:
        """All inputs come to their end."""
        self._begin()
        for runtime, core in self.cores.items():
            for block in core.sources:
                self._tell(runtime, lambda core, block=block: core.on_input_ended(block))  # type: ignore[misc]

    def restart(self, node: str, instance: str | None = None) -> None:
        """Stop a runtime and start it from a checkpoint taken at this moment."""
        name = instance or self._instances[node][0]
        saved = Journal.begin(self.cores[node, name], self.clock.now())
        if (node, name) in self._journals:
            self._journals[node, name] = saved
        self.cores[node, name] = self._core(node, name)
        saved.revive(self.cores[node, name], self.clock.now())

    def crash(self, node: str, instance: str | None = None, *, lost: bool = False) -> None:
        """Lose a runtime and start it from its last checkpoint; what it was told since, it is told again.

        `lost`: what its inputs had read since does not come again. The harness must keep a journal.
        """
        name = instance or self._instances[node][0]
        fresh = self._core(node, name)
        gone = frozenset(self.cores[node, name].sources) if lost else frozenset[str]()
        self.cores[node, name] = fresh
        self._carry(node, name, self._journals[node, name].revive(fresh, self.clock.now(), lost=gone))

    def exchange(self, plan: Plan) -> None:
        """Go on with another plan of the document, on the same runtimes; without a journal only."""
        self._begin()
        for runtime in list(self.cores):
            self._tell(runtime, lambda core: core.settle())
        old, self.plan = self.plan, plan

        def build(of: Plan, runtime: Runtime) -> Core:
            self.plan = of
            return self._core(*runtime)

        self.cores, said = exchanged(old, plan, self.cores, build, self._receiver, self.clock.now())
        self.plan = plan
        for runtime, instruction in said:
            self._carry(*runtime, [instruction])

    def published(self, block: str) -> pl.DataFrame:
        """All rows of `block` that reached some output, in the total order; empty when there was none."""
        frames = self._published[block]
        return pl.concat(frames, how="diagonal").unique(ID, keep="first").sort(TIME, ID) if frames else pl.DataFrame()

    def made(self, block: str, since: int = 0) -> pl.DataFrame:
        """All rows that left `block`, on whatever runtime, in the total order; late ones are not among them.

        `since`: only what came after the first so many batches (`batches` counts them).
        """
        self._settle()
        frames = self._made[block][since:]
        return pl.concat(frames, how="diagonal").sort(TIME, ID) if frames else pl.DataFrame()

    def batches(self, block: str) -> int:
        """How many batches have left `block` so far."""
        self._settle()
        return len(self._made[block])

    def _settle(self) -> None:
        """What nobody could notice yet may wait in front of its block: let it go on."""
        for core in self.cores.values():
            core.flow.settle()

    def _begin(self) -> None:
        """Tables of which nothing was given are empty when all else begins."""
        for block in sorted(self._tables):
            self.table(block, [])

    def _runtime(self, block: str, instance: str | None) -> Runtime:
        node = self.plan[block].node
        return node, instance or self._instances[node][0]

    def _tell(self, runtime: Runtime, said: Said, *, input_: str = "") -> None:
        core, journal = self.cores[runtime], self._journals.get(runtime)
        self._carry(*runtime, said(core) if journal is None else journal.tell(core, said, input_=input_))

    def _now(self, runtime: Runtime) -> int:
        """What its clock says."""
        return self.clock.now() + self._skew.get(runtime, 0)

    def _hear(self) -> None:
        """All that are not cut off are reached, and tell what they know to be wrong."""
        for (node, name), core in self.cores.items():
            for inlet in core.inlets.values():
                for peer in self._senders(inlet.node.origin, node, name):
                    sender = inlet.node.origin, peer
                    if sender not in self._cut:
                        inlet.hear("/".join(sender), self._now((node, name)))
                        core.hear_troubles("/".join(sender), self.cores[sender].known_troubles())

    def _receiver(self, origin: str, sender: str, to: str) -> str:
        """The instance of `to` that a sender dials."""
        among = self._instances[to]
        return among[self._instances[origin].index(sender) % len(among)]

    def _parts(self, node: str, name: str, send: Send) -> list[tuple[str, Send]]:
        """What each instance of the receiving node is sent: where they share keys, its rows."""
        place = self.plan.placement(send.to)
        if place.by is None:
            return [(self._receiver(node, name, send.to), send)]
        parts = divided(send, place.by, place.instances)
        return list(zip(self._instances[send.to], parts, strict=True))

    def _senders(self, origin: str, to: str, receiver: str) -> list[str]:
        if self.plan.placement(to).by is not None:
            return self._instances[origin]
        return [s for s in self._instances[origin] if self._receiver(origin, s, to) == receiver]

    def _core(self, node: str, name: str) -> Core:
        part = self.plan.part(node)
        origins = {n.origin for n in part.nodes if isinstance(n, LinkInNode)}
        expect = sum(len(self._senders(origin, node, name)) for origin in origins)
        core = Core(part, now=self._now((node, name)), live=self._live, expect=expect, hasher=HASHER)
        core.flow.tap = self._tap
        return core

    def _tap(self, node_id: str, batch: Batch) -> None:
        if not batch.late:
            self._made[node_id].append(batch.frame)

    def _introduce(self) -> None:
        for (node, name), core in self.cores.items():
            for inlet in core.inlets.values():
                for peer in self._senders(inlet.node.origin, node, name):
                    inlet.join(f"{inlet.node.origin}/{peer}", self._now((node, name)))

    def _carry(self, node: str, name: str, instructions: Sequence[Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Publish(block=block, frame=frame):
                    self._published[block].append(frame)
                case Refused():
                    self.refused.append(instruction)
                case GaveUp():
                    self.gave_up.append(instruction)
                case Mixed():
                    self.mixed.append(instruction)
                case Send() if (node, name) in self._cut:
                    self._cut[node, name].append(instruction)
                case Send(stream=stream, to=to):
                    for receiver, part in self._parts(node, name, instruction):
                        sent = replace(part, frame=from_body(to_body(part.frame)))
                        self._deliver((to, receiver), stream, f"{node}/{name}", sent)

    def _deliver(self, to: Runtime, stream: str, peer: str, sent: Send) -> None:
        now = self._now(to)
        self._tell(to, lambda core: core.on_link(stream, peer, sent, now))


def _names(place: Placement) -> list[str]:
    """What the instances of a node are called where nothing is said."""
    return [place.name_of(n) for n in range(place.instances)] if place.instances > 1 else [place.name]
