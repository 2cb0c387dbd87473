"""All runtimes of a plan in one process under one manual clock: what tests, replay and simulation drive.

What one runtime sends arrives at the other at once, through the same encoding as over a socket; a restart goes through
the same packing as a checkpoint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Publish, Refused, Send
from slac.runtime.links.protocol import from_body, to_body
from slac.stream.batch import ID, TIME, Batch
from slac.stream.clock import ManualClock
from slac.stream.ports import Records


class Harness:
    """Runs `plan` with the given instances of each node (one, called like the node, where nothing is said).

    `live` as for `Core`; `start` is the wall clock at the beginning (µs).
    """

    def __init__(
        self, plan: Plan, *, instances: Mapping[str, Sequence[str]] | None = None, live: bool = False, start: int = 0
    ) -> None:
        self.plan = plan
        self.clock = ManualClock(start)
        self.refused: list[Refused] = []
        self._live = live
        self._made: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._instances = {p.name: list((instances or {}).get(p.name, [p.name])) for p in plan.data.placements}
        self._published: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._expect = {
            p.name: sum(
                len(self._instances[o])
                for o in {n.origin for n in plan.part(p.name).nodes if isinstance(n, LinkInNode)}
            )
            for p in plan.data.placements
        }
        self.cores = {(node, name): self._core(node) for node, names in self._instances.items() for name in names}
        self._introduce()

    def give(self, block: str, rows: Sequence[Mapping[str, Any]] | bytes, *, instance: str | None = None) -> None:
        """Records for input `block`: wire objects, or NDJSON; at the first instance unless said otherwise."""
        node = next(n.node for n in self.plan.nodes if isinstance(n, SourceNode) and n.block == block)
        name = instance or self._instances[node][0]
        ndjson = rows if isinstance(rows, bytes) else b"\n".join(orjson.dumps(dict(r)) for r in rows)
        records = Records(source=name, arrival=self.clock.now(), ndjson=ndjson, origin="test")
        self._carry(node, name, self.cores[node, name].on_records(block, [records]))

    def inject(self, block: str, frame: pl.DataFrame, *, instance: str | None = None) -> None:
        """Rows as if `block` had made them: meta columns `_time` and `_id`, then the block's columns."""
        node = self.plan[block].node
        name = instance or self._instances[node][0]
        core = self.cores[node, name]
        core.flow.enter(block, Batch(frame))
        self._carry(node, name, core.on_tick(self.clock.now()) if self._live else core.proceed())

    def advance(self, by: int, step: int = 1_000_000) -> None:
        """Let `by` µs of wall clock pass; every runtime ticks at least every `step` µs."""
        target = self.clock.now() + by
        while self.clock.now() < target:
            self.clock.advance(min(step, target - self.clock.now()))
            for node, name in list(self.cores):
                self._carry(node, name, self.cores[node, name].on_tick(self.clock.now()))
            for core in self.cores.values():
                for inlet in core.inlets.values():
                    for peer in self._instances[inlet.node.origin]:
                        inlet.hear(f"{inlet.node.origin}/{peer}", self.clock.now())

    def end(self) -> None:
        """All inputs come to their end."""
        for (node, name), core in self.cores.items():
            for block in core.sources:
                self._carry(node, name, core.on_input_ended(block))

    def restart(self, node: str, instance: str | None = None) -> None:
        """Stop a runtime and start it from a checkpoint taken at this moment."""
        name = instance or self._instances[node][0]
        saved = pack(self.cores[node, name].snapshot())
        fresh = self._core(node)
        fresh.restore(unpack(saved), self.clock.now())
        self.cores[node, name] = fresh

    def published(self, block: str) -> pl.DataFrame:
        """All rows of `block` that reached some output, in the total order; empty when there was none."""
        frames = self._published[block]
        return pl.concat(frames, how="diagonal").unique(ID, keep="first").sort(TIME, ID) if frames else pl.DataFrame()

    def made(self, block: str) -> pl.DataFrame:
        """All rows that left `block`, on whatever runtime, in the total order; late ones are not among them."""
        frames = self._made[block]
        return pl.concat(frames, how="diagonal").sort(TIME, ID) if frames else pl.DataFrame()

    def _core(self, node: str) -> Core:
        core = Core(self.plan.part(node), now=self.clock.now(), live=self._live, expect=self._expect[node])
        core.flow.tap = self._tap
        return core

    def _tap(self, node_id: str, batch: Batch) -> None:
        if not batch.late:
            self._made[node_id].append(batch.frame)

    def _introduce(self) -> None:
        for core in self.cores.values():
            for inlet in core.inlets.values():
                for peer in self._instances[inlet.node.origin]:
                    inlet.join(f"{inlet.node.origin}/{peer}", self.clock.now())

    def _carry(self, node: str, name: str, instructions: Sequence[Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Publish(block=block, frame=frame):
                    self._published[block].append(frame)
                case Refused():
                    self.refused.append(instruction)
                case Send(stream=stream, to=to):
                    arrived = from_body(to_body(instruction.frame))
                    sent = Send(
                        stream, to, arrived, instruction.watermark, ended=instruction.ended, real=instruction.real
                    )
                    for target in self._instances[to]:
                        core = self.cores[to, target]
                        self._carry(to, target, core.on_link(stream, f"{node}/{name}", sent, self.clock.now()))
