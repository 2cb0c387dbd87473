"""A runtime under load whose events are real and whose machine is arithmetic: what contracts make of the results.

The document, its gate, its windows and its controller are the real ones; each record costs what the scenario says.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import polars as pl

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.shell.gating import Gating
from slac.runtime.source import Source
from slac.shedding.controller import Controller, Decision
from slac.shedding.meter import Meter
from slac.shedding.pacer import Pacer
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND, ManualClock
from slac.stream.ports import Records
from tests.shedding.plant import STEP, Machine, purse_of

START = 1_700_000_000 * SECOND
PIECES = 3
"""Pieces in which the records of a step come."""
DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: service}
spec:
  events:
    Request: {payload: {service: string, ok: bool, latency: float}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request, BURST}
  computations:
    health:
      from: requests
      by: service
      window: tumbling WINDOW
      select:
        - n: COUNT(*)
        - failed: COUNT(*) FILTER (WHERE NOT ok)
        - latency: AVG(latency)
      shed: SHED
  audits:
    fast:
      from: health
      by: service
      states:
        good: {when: latency <= 80, verdict: ok, report_every: WINDOW}
        slow: {when: latency > 80, verdict: violated, report_every: WINDOW}
      initial: good
  outputs:
    log: {adapter: stdout, from: [fast]}
"""


@dataclass
class Queue:
    """What stands before the source, as the shell's queue does, without its tasks."""

    source: Source
    limit: float
    can_wait: bool = False
    overflow: None = None
    pacer: Pacer = field(default_factory=Pacer)
    taking: Pacer = field(default_factory=Pacer)
    held: deque[tuple[Records, int]] = field(default_factory=deque)
    patience: None = None
    presses_back: bool = False
    loses: bool = False
    is_full: bool = False

    @property
    def pressing(self) -> int:
        """All of it."""
        return self.bytes

    @property
    def waiting(self) -> float:
        """Records that wait."""
        return float(sum(count for _, count in self.held))

    @property
    def bytes(self) -> int:
        """Some bytes for each of them."""
        return int(self.waiting * 100)

    @property
    def in_memory(self) -> int:
        """The same."""
        return self.bytes

    @property
    def room(self) -> float:
        """Records more that may wait."""
        return max(self.limit - self.waiting, 0.0)


@dataclass
class Moment:
    """What was seen at one step."""

    second: float
    reading: Reading
    decision: Decision
    offered: int
    kept: int
    waiting: float


def modelled(scenario: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """What a record costs by the model, and what of it is reading; the model may be wrong by a factor."""
    costs, wrong = scenario["costs"], scenario.get("model", 1.0)
    return {"requests": wrong * (costs["reading"] + costs["passing"])}, {"requests": wrong * costs["reading"]}


class Service:
    """Steps the simulation a quarter of a second at a time; `rows` are those of the window and of the audit."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.scenario = scenario
        self.clock = ManualClock(START)
        self.machine = Machine(memory=100 << 20)
        self.plan = plan_of(scenario)
        self.core = Core(self.plan, now=START, live=True)
        self.rows: dict[str, list[pl.DataFrame]] = {"health": [], "fast": []}
        self.core.flow.tap = lambda n, b: self.rows[n].append(b.frame) if n in self.rows else None
        self.queue = Queue(self.core.sources["requests"], float(scenario.get("queue", 1e6)))
        self.gating = Gating({"requests": self.queue}, *modelled(scenario))  # type: ignore[dict-item]
        budget = ResolvedBudget(cpu_cores=scenario["budget"], memory_bytes=1 << 30)
        self.controller = Controller(budget)
        self.purse = purse_of(self.machine, budget)
        self.meter = Meter(self.machine)
        self.events: list[tuple[int, int, bool, float]] = []
        self._draw = np.random.default_rng(3)
        self._scatter = np.random.default_rng(1)
        self._owed = 0.0

    def run(self) -> list[Moment]:
        """All moments of the scenario."""
        moments = [self._step(n) for n in range(int(self.scenario["seconds"] * SECOND / STEP))]
        for _ in range(self.scenario["window"] + 20):
            self.clock.advance(SECOND)
            self.core.on_tick(self.clock.now())
        return moments

    def result(self, name: str) -> pl.DataFrame:
        """All rows of a block."""
        return pl.concat(self.rows[name], how="diagonal_relaxed") if self.rows[name] else pl.DataFrame()

    def truth(self) -> pl.DataFrame:
        """What the windows would have said if nothing had been dropped."""
        frame = pl.DataFrame(self.events, schema=["at", "service", "ok", "latency"], orient="row")
        window = self.scenario["window"] * SECOND
        return (
            frame.with_columns(pl.col("at") // window, pl.format("s{}", "service").alias("service"))
            .group_by("at", "service")
            .agg(n=pl.len(), failed=(~pl.col("ok")).sum(), latency=pl.col("latency").mean())
        )

    def compared(self) -> pl.DataFrame:
        """Results beside the truth (`true_…`), window by window."""
        window = self.scenario["window"] * SECOND
        rows = self.result("health").with_columns(at=pl.col("_window_start").dt.epoch("us") // window)
        truth = self.truth().rename({n: f"true_{n}" for n in ("n", "failed", "latency")})
        return rows.join(truth, on=["at", "service"], how="inner")

    def _step(self, number: int) -> Moment:
        counts = self.queue.source.gate.counts
        before, kept = len(self.events), counts.kept
        self._offer(self._rate(number * STEP / SECOND))
        self._work(number)
        self.clock.advance(STEP)
        now = self.clock.now()
        self.core.on_tick(now)
        reading = self.meter.read(now)
        decision = self.controller.decide(reading, self.gating.loads(now))
        self.gating.look(decision)
        if decision.changed:
            list(self.gating.obey(decision, now))
        second, offered = (number + 1) * STEP / SECOND, len(self.events) - before
        return Moment(second, reading, decision, offered, counts.kept - kept, self.queue.waiting)

    def _rate(self, second: float) -> float:
        start = 0.0
        for part in self.scenario["load"]:
            if second < start + part["for"]:
                return float(part["rate"])
            start += part["for"]
        return 0.0

    def _offer(self, rate: float) -> None:
        self._owed += rate * STEP / SECOND
        for piece in range(PIECES):
            count = int(self._owed * (piece + 1) / PIECES) - int(self._owed * piece / PIECES)
            taken = min(count, int(self.queue.room))
            self.queue.source.gate.refuse(count - taken)
            if count:
                made = self._events(count, self.clock.now() + piece * STEP // PIECES)
                if taken:
                    self.queue.held.append((made, taken))
        self._owed -= int(self._owed)

    def _events(self, count: int, at: int) -> Records:
        services = np.minimum(self._draw.pareto(1.0, count).astype(int), 9)
        ok, latency = self._draw.random(count) >= 0.02, self._draw.lognormal(4, 0.6, count)
        lines = []
        for s, o, x in zip(services.tolist(), ok.tolist(), latency.tolist(), strict=True):
            self.events.append((at, s, o, x))
            lines.append(
                orjson.dumps({"timestamp": at // 1000, "payload": {"service": f"s{s}", "ok": o, "latency": x}})
            )
        return Records(source="web", arrival=at, ndjson=b"\n".join(lines))

    def _work(self, number: int) -> None:
        """Work off the queue with the cores there are, as fast as the pace lets it."""
        room, costs = self.scenario.get("cores", 1.0) * STEP / SECOND, self.scenario["costs"]
        noise = 1.0 + self.scenario.get("noise", 0.1) * math.sin(number * 12.9898)
        noise += self.scenario.get("scatter", 0.0) * self._scatter.uniform(-1.0, 1.0)
        counts, now = self.queue.source.gate.counts, self.clock.now()
        began = now
        while self.queue.held and room > 0 and now < began + STEP:
            if pause := max(self.queue.taking.pause(now), self.purse.pause(now)):
                now += pause
                continue
            records, count = self.queue.held.popleft()
            before = (counts.read, counts.kept + counts.carriers)
            self.core.on_records("requests", [records])
            read, passed = counts.read - before[0], counts.kept + counts.carriers - before[1]
            spent = noise * (count * costs["touch"] + read * costs["reading"] + passed * costs["passing"])
            room -= spent
            self.machine.seconds += spent
            now += max(self.queue.taking.took(count, now), round(spent * SECOND / self.scenario.get("cores", 1.0)))


def plan_of(scenario: dict[str, Any]) -> Plan:
    """The plan of a scenario's document."""
    text = DOCUMENT.replace("SHED", scenario["shed"]).replace("WINDOW", f"{scenario['window']}s")
    burst = (
        f"rate: {{normal: {scenario['load'][0]['rate']}/s, burst: {scenario['burst']}}}" if "burst" in scenario else ""
    )
    return compile_document(Text("service.yaml", text.replace(", BURST", f", {burst}" if burst else ""))).plan
