"""The runtime without its shell: records, link messages and the clock in; instructions out. No I/O, no waiting.

Tests, replay and simulation drive this class with a manual clock; `slac.runtime.shell` drives it with sockets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, SourceNode
from slac.runtime.assembly import operators_of
from slac.runtime.costs import NEVER, Costs, Timer
from slac.runtime.dataflow import Dataflow
from slac.runtime.gates.running import dropped_before
from slac.runtime.gates.telling import told_before
from slac.runtime.gates.unseen import unseen_guards
from slac.runtime.gates.whole import guards
from slac.runtime.instructions import Instruction, Refused, Send
from slac.runtime.links.inlet import Inlet
from slac.runtime.memory import reuse_freed_memory
from slac.runtime.operator import BEGINNING, ENDED, OperatorContext, State
from slac.runtime.recording import Recording
from slac.runtime.source import Source
from slac.runtime.tables.source import TableSource
from slac.runtime.troubles.trouble import Trouble
from slac.runtime.troubles.watch import Troubles
from slac.stream.ports import Records
from slac.stream.privacy import Hasher

TROUBLES: Final = "troubles"
"""What the state of those is called among the states of a core."""


class Core:
    """Runs the part of a plan that belongs to one placement.

    `live`: event time keeps step with the wall clock (idle promises, `hold`); otherwise inputs are read to their end
    and `finished` turns true when all have ended. `now` is wall-clock µs everywhere.
    `keep`: what audits and violations say is published to `STORE` too. `timer`: CPU seconds of the process, by which
    the costs of nodes are known. `hasher`: for sensitive fields; RunFailed where there are some, and it is missing.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        now: int,
        live: bool,
        expect: int = 0,
        keep: bool = False,
        timer: Timer = NEVER,
        hasher: Hasher | None = None,
    ) -> None:
        reuse_freed_memory()
        self.plan = plan
        self.start = now if live else None
        self.live = live
        self.finished = False
        self._instructions: list[Instruction] = []
        self.troubles = Troubles(plan, keep=keep)
        self.sources = {
            n.block: Source(n, document=plan.document, now=now, live=live, hasher=hasher)
            if n.table is None
            else TableSource(n, document=plan.document, now=now, live=live)
            for n in plan.nodes
            if isinstance(n, SourceNode)
        }
        self.inlets = {
            n.stream: Inlet(n, now=now, live=live, expect=expect) for n in plan.nodes if isinstance(n, LinkInNode)
        }
        self._inlet_ids = {n.stream: n.id for n in plan.nodes if isinstance(n, LinkInNode)}
        self._source_ids = {n.block: n.id for n in plan.nodes if isinstance(n, SourceNode)}
        sieves = {b: s.sieve for b, s in self.sources.items()}
        links = {self._inlet_ids[stream]: inlet.elsewhere for stream, inlet in self.inlets.items()}
        context = OperatorContext(
            document=plan.document,
            start=now if live else None,
            lacks=dropped_before(plan, sieves, links),
            told=told_before(plan, sieves, links),
        )
        self.flow = Dataflow(plan, operators_of(plan, context, self._instructions), Costs(timer))
        self.flow.inlets = {self._inlet_ids[stream]: inlet for stream, inlet in self.inlets.items()}
        self.flow.guards = {**unseen_guards(plan, sieves, links), **guards(plan, sieves, links)}
        if keep:
            self.flow.tap = Recording(plan, self._instructions)

    def on_records(self, block: str, batches: Sequence[Records]) -> list[Instruction]:
        """What an input has read, in order."""
        self.enter_records(block, batches)
        return self._carry()

    def on_input_ended(self, block: str) -> list[Instruction]:
        """An input has come to its end; when all have, the last windows are closed."""
        self.enter_end(block)
        return self._carry()

    def on_link(self, stream: str, peer: str, send: Send, now: int) -> list[Instruction]:
        """A message of one instance: rows with the watermark that they are below."""
        self.enter_link(stream, peer, send, now)
        return self._carry(now)

    def enter_records(self, block: str, batches: Sequence[Records]) -> None:
        """As `on_records`, but `carry` carries it on: one wave for all that has come in."""
        source = self.sources[block]
        if isinstance(source, TableSource):
            source.floor = max(map(self.flow.watermark, self.flow.rim()), default=BEGINNING)
        costs = self.flow.costs
        for records in batches:
            began = costs.timer()
            taken = source.take(records)
            costs.add(self._source_ids[block], sum(b.height for b in taken.batches), began)
            for batch in taken.batches:
                self.flow.enter(self._source_ids[block], batch)
            self._instructions += [
                Refused(block, records.origin or records.source, q.reason, q.raw, q.hash, q.number)
                for q in taken.quarantined
            ]

    def enter_end(self, block: str) -> None:
        """As `on_input_ended`, but `carry` carries it on."""
        self.sources[block].end()

    def enter_link(self, stream: str, peer: str, send: Send, now: int) -> None:
        """As `on_link`, but `carry` carries it on."""
        inlet = self.inlets[stream]
        batches = inlet.accept(
            peer,
            send.frame,
            watermark=send.watermark,
            ended=send.ended,
            real=send.real,
            now=now,
            certain=send.certain,
            gates=send.gates,
        )
        for batch in batches:
            self.flow.enter(self._inlet_ids[stream], batch)

    def carry(self, now: int) -> list[Instruction]:
        """Carry on all that has been entered, in one wave, and let peers that are gone no longer hold."""
        return self._carry(now)

    def on_tick(self, now: int) -> list[Instruction]:
        """Let idle inputs promise, and peers that are gone no longer hold."""
        moved = [s.promise(now) for s in self.sources.values()]
        carried = self._carry(now) if any(moved) or self.inlets else self._take_instructions()
        return [*carried, *self.troubles.look(now, self.inlets)] if self.live else carried

    def hear_troubles(self, peer: str, troubles: Iterable[Trouble]) -> None:
        """What an instance that sends here says is wrong, with it or with those that send to it."""
        self.troubles.hear(peer, troubles)

    def known_troubles(self) -> tuple[Trouble, ...]:
        """All that was known to be wrong at the last tick, to be told where this runtime sends to."""
        return self.troubles.known

    def proceed(self) -> list[Instruction]:
        """Carry on what has been entered into the dataflow by hand."""
        return self._carry()

    def accepted(self, stream: str, peer: str) -> int:
        """How far a stream of one instance is accepted (µs). Read only: to be asked also while the core works."""
        known = self.inlets[stream].peers.get(peer)
        return known.watermark if known is not None else BEGINNING

    def settle(self) -> list[Instruction]:
        """Bring every operator to where it would be if nothing ever waited, and say what that has to tell outside."""
        self.flow.settle()
        return self._take_instructions()

    @property
    def versions(self) -> int:
        """How many versions of tables have come in: a restart that forgot one would judge rows by an older one."""
        return sum(s.version for s in self.sources.values() if isinstance(s, TableSource))

    def next_wake(self) -> int | None:
        """The wall-clock instant (µs) at which a tick would let some timer fire, if nothing comes in before."""
        due = self.flow.next_due()
        if due is None or not self.live:
            return None
        delays = [s.node.idle + s.node.lateness for s in self.sources.values()]
        delays += [i.node.hold for i in self.inlets.values()]
        return due + max(delays, default=0)

    def snapshot(self) -> dict[str, State]:
        """Everything that a restart needs, by kind and name."""
        states = {f"source:{b}": s.snapshot() for b, s in self.sources.items()}
        states |= {f"inlet:{n}": i.snapshot() for n, i in self.inlets.items()}
        states[TROUBLES] = self.troubles.snapshot()
        return states | {f"node:{i}": s for i, s in self.flow.snapshot().items()}

    def restore(self, states: Mapping[str, State], now: int) -> None:
        """Go on from a snapshot of the same plan."""
        for block, source in self.sources.items():
            source.restore(states[f"source:{block}"])
        for name, inlet in self.inlets.items():
            inlet.restore(states[f"inlet:{name}"], now)
        self.troubles.restore(states[TROUBLES])
        self.flow.restore({k.removeprefix("node:"): s for k, s in states.items() if k.startswith("node:")})

    def _carry(self, now: int | None = None) -> list[Instruction]:
        self._promise(now)
        self.flow.run()
        if not self.finished and self._all_ended():
            self._finish()
        return self._take_instructions()

    def _promise(self, now: int | None) -> None:
        marks = {self._source_ids[b]: s.arrival.watermark for b, s in self.sources.items() if not s.ended}
        for stream, inlet in self.inlets.items():
            if (self.live or not inlet.ended) and now is not None:
                marks[self._inlet_ids[stream]] = mark = inlet.watermark(now)
                self.flow.doubt(self._inlet_ids[stream], inlet.certain if inlet.certain < mark else ENDED)
        ended = {self._source_ids[b] for b, s in self.sources.items() if s.ended}
        ended |= {self._inlet_ids[n] for n, i in self.inlets.items() if i.ended and not self.live}
        if ended:
            # An input that has ended is silent from now on: its time is that of the others.
            reached = (max(self.flow.watermark(i), marks.get(i, BEGINNING)) for i in self.flow.rim() if i not in ended)
            marks |= dict.fromkeys(ended, max(reached, default=BEGINNING))
        for node_id, mark in marks.items():
            self.flow.promise(node_id, mark)

    def _all_ended(self) -> bool:
        if self.live:
            return False
        return all(s.ended for s in self.sources.values()) and all(i.ended for i in self.inlets.values())

    def _finish(self) -> None:
        """Close what is open, but invent no later silence: first real time, then the end of the last windows."""
        self.finished = True
        real = max([s.arrival.watermark for s in self.sources.values()] + [i.real for i in self.inlets.values()])
        self._advance(real, end=False)
        before = len(self._instructions)
        final = max(
            [real]
            + [s.arrival.latest + 1 for s in self.sources.values()]
            + [i.highest + 1 for i in self.inlets.values()]
        )
        for _ in range(len(self.plan.nodes) + 1):
            final = max(final, self.flow.open_until() or BEGINNING)
            self._advance(final, end=True)
            held = self.flow.open_until()
            if held is None or held <= final:
                break
        closing = self._instructions[before:]
        self._instructions[before:] = [i for i in closing if not isinstance(i, Send)]
        # Behind all that was sent before: what a receiver has made safe must not pass for the end.
        heard = [p.watermark for i in self.inlets.values() for p in i.peers.values()]
        last = max([final, *heard])
        self._instructions += self._farewells([i for i in closing if isinstance(i, Send)], last, real)

    def _advance(self, watermark: int, *, end: bool) -> None:
        for node_id in self.flow.rim():
            self.flow.promise(node_id, watermark)
        self.flow.run(end=end)

    def _farewells(self, closing: Iterable[Send], last: int, real: int) -> list[Instruction]:
        frames: dict[str, list[pl.DataFrame]] = {}
        closing = list(closing)
        gates = {send.stream: send.gates for send in closing if send.gates is not None}
        for send in closing:
            if send.frame is not None:
                frames.setdefault(send.stream, []).append(send.frame)
        return [
            Send(
                n.stream,
                n.to,
                pl.concat(frames[n.stream], how="diagonal") if n.stream in frames else None,
                last,
                ended=True,
                real=real,
                gates=gates.get(n.stream),
            )
            for n in self.plan.nodes
            if isinstance(n, LinkOutNode)
        ]

    def _take_instructions(self) -> list[Instruction]:
        taken = [*self._instructions, *self.flow.take_notices()]
        self._instructions.clear()
        return taken
