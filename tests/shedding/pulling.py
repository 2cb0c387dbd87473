"""A runtime under load behind a socket that can be pressed back: real queue, gate, core and controller, simulated time.

A sender offers messages to a socket that holds so many, and leaves off what it has no room for; the input pulls them
into the queue as the `zmq` adapter does. Only what work costs, and what is resident, is arithmetic.
"""

from __future__ import annotations

import asyncio
import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl

from slac.adapters.arrow_bodies import runs
from slac.runtime.core import Core
from slac.runtime.shell.gating import Gating
from slac.runtime.shell.inputs import InputQueue
from slac.shedding.controller import Controller, Decision
from slac.shedding.meter import Meter
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND, ManualClock
from slac.stream.ports import Records
from tests.shedding.plant import STEP, Machine, purse_of
from tests.shedding.service import START, modelled, plan_of

SLICE = SECOND // 20
BLOCK = 2**16
"""Bytes that are pulled at a time."""
CHUNK = 2**16
"""Bytes that go into the core at a time: less than in truth, for records cost more than in truth."""
MOST = 64 << 20


@dataclass
class Moment:
    """What was seen at one step; `late`: seconds from the event to its being worked off, the most since the last."""

    second: float
    reading: Reading
    decision: Decision
    offered: int
    left: int
    looked: int
    kept: int
    late: float


class Pulled:
    """Steps the simulation a twentieth of a second at a time, and decides four times a second."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.scenario = scenario
        self.clock = ManualClock(START)
        self.machine = Machine(memory=100 << 20)
        self.core = Core(plan_of(scenario), now=START, live=True)
        self.source = self.core.sources["requests"]
        memory = scenario.get("memory_bytes", 400 << 20)
        self.queue = InputQueue(
            self.source,
            can_wait=False,
            clock=self.clock,
            wake=asyncio.Event(),
            limit=scenario.get("queue", memory // 8),
        )
        budget = ResolvedBudget(cpu_cores=scenario["budget"], memory_bytes=memory)
        self.queue.presses_back = True
        self.queue.purse = purse_of(self.machine, budget)
        self.gating = Gating({"requests": self.queue}, *modelled(scenario))
        self.controller = Controller(budget)
        self.meter = Meter(self.machine)
        self.socket: deque[bytes] = deque()
        self.events = scenario["message"]
        self._make = _messages(scenario["form"], self.events)
        self._counts = [0, 0]
        self._owed = self._debt = self._late = 0.0
        self._came = asyncio.Event()

    def run(self) -> list[Moment]:
        """All moments of the scenario."""
        return asyncio.run(self._run())

    async def _run(self) -> list[Moment]:
        puller = asyncio.create_task(self._pull())
        moments: list[Moment] = []
        for number in range(int(self.scenario["seconds"] * SECOND / SLICE)):
            self._offer(self._rate(number * SLICE / SECOND))
            await self._settle()
            await self._work()
            self.clock.advance(SLICE)
            if (number + 1) % (STEP // SLICE) == 0:
                moments.append(self._decide((number + 1) * SLICE / SECOND, moments))
        puller.cancel()
        return moments

    async def _settle(self) -> None:
        """The adapter does what it can."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def _pull(self) -> None:
        while True:
            await self._came.wait()
            while self.socket:
                bodies, held = list[bytes](), 0
                while self.socket and held < BLOCK:
                    bodies.append(self.socket.popleft())
                    held += len(bodies[-1])
                is_lines = self.scenario["form"] == "ndjson"
                for part in (b"".join(bodies),) if is_lines else runs(bodies, MOST):
                    lines = part if isinstance(part, bytes) else None
                    body = None if isinstance(part, bytes) else part
                    await self.queue.push(Records(source="web", arrival=self.clock.now(), ndjson=lines, arrow=body))
                self.queue.beyond(self.scenario.get("socket", 20) * held // len(bodies))
            self._came.clear()

    def _offer(self, rate: float) -> None:
        self._owed += rate * SLICE / SECOND / self.events
        count, self._owed = int(self._owed), self._owed % 1.0
        room = max(self.scenario.get("socket", 20) - len(self.socket), 0)
        # Within a slice the adapter would have read on, were it not pressed back.
        room = count if not self.socket else room
        self.socket.extend(self._make(self.clock.now()) for _ in range(min(count, room)))
        self._counts[0] += count * self.events
        self._counts[1] += max(count - room, 0) * self.events
        self._came.set()

    async def _work(self) -> None:
        """What is there to be worked off, by the cores that the machine has to give."""
        costs, counts = self.scenario["costs"], self.source.gate.counts
        paid = min(self._debt, self._cores() * SLICE / SECOND)
        self._debt -= paid
        self.machine.seconds += paid
        room = self._cores() * SLICE / SECOND - paid
        while self._debt <= 0.0 and (taken := self.queue.take(CHUNK)):
            before = counts.seen, counts.read, counts.kept + counts.carriers
            self.core.on_records("requests", taken)
            now = counts.seen, counts.read, counts.kept + counts.carriers
            seen, read, passed = (b - a for a, b in zip(before, now, strict=True))
            spent = seen * costs["touch"] + read * costs["reading"] + passed * costs["passing"]
            paid = min(spent, room)
            room, self._debt = room - paid, spent - paid
            self.machine.seconds += paid
            self._late = max(self._late, (self.clock.now() - self.source.arrival.latest) / SECOND)
            await self._settle()

    def _decide(self, second: float, before: list[Moment]) -> Moment:
        now, counts = self.clock.now(), self.source.gate.counts
        self.core.on_tick(now)
        for part in self.scenario.get("memory", []):
            if second >= part["from"]:
                self.machine.memory = part["mebibytes"] * 2**20
        reading = self.meter.read(now)
        decision = self.controller.decide(reading, self.gating.loads(now))
        self.gating.look(decision)
        self.gating.bound(decision)
        if decision.changed:
            list(self.gating.obey(decision, now))
        self.queue.hold(held=decision.refuse)
        sums = [sum(getattr(m, n) for m in before) for n in ("offered", "left", "looked", "kept")]
        offered, left, looked, kept = (
            a - b for a, b in zip((*self._counts, counts.seen, counts.kept), sums, strict=True)
        )
        late, self._late = self._late, 0.0
        return Moment(second, reading, decision, offered, left, looked, kept, late)

    def _rate(self, second: float) -> float:
        return float(_part(self.scenario["load"], second)["rate"])

    def _cores(self) -> float:
        """That the machine gives."""
        return float(self.scenario.get("cores", 1.0))


def _part(parts: list[dict[str, Any]], second: float) -> dict[str, Any]:
    start = 0.0
    for part in parts:
        start += part["for"]
        if second < start:
            return part
    return parts[-1]


def _messages(form: str, events: int) -> Callable[[int], bytes]:
    """What makes a message for an instant (µs), at which all of its events happen."""
    draw = np.random.default_rng(5)
    services = [f"s{n}" for n in np.minimum(draw.pareto(1.0, events).astype(int), 9).tolist()]
    ok, latency = (draw.random(events) >= 0.02).tolist(), draw.lognormal(4, 0.6, events).round(2).tolist()
    if form == "ndjson":
        place = START // 1000
        text = b"".join(
            orjson.dumps({"timestamp": place, "payload": {"service": s, "ok": o, "latency": x}}) + b"\n"
            for s, o, x in zip(services, ok, latency, strict=True)
        )
        return lambda at: text.replace(b"%d" % place, b"%d" % (at // 1000))
    frame = pl.DataFrame({"service": services, "ok": ok, "latency": latency})

    def stream(at: int) -> bytes:
        written = io.BytesIO()
        instants = pl.repeat(at // 1000, events, dtype=pl.Int64, eager=True).alias("timestamp")
        frame.select(instants, *frame.get_columns()).write_ipc_stream(written)
        return written.getvalue()

    return stream
