"""A simulated runtime under load: real meter, gate, pacer and controller around a machine that is arithmetic.

A scenario file gives the load curve and the bands; noise is a fixed function of the step number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from slac.shedding.controller import DEFAULT, Controller, Decision
from slac.shedding.gate import Gate
from slac.shedding.meter import Meter, Usage
from slac.shedding.offers import InputLoad
from slac.shedding.pacer import Pacer
from slac.shedding.purse import Purse
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND, ManualClock
from slac.stream.ids import sequence_ids

STEP = SECOND // 4
SLICES = 5
"""Times in a step at which work is done."""


@dataclass
class Machine:
    """What the simulated process has used; read by the real meter."""

    seconds: float = 0.0
    memory: float = 0.0

    def read(self) -> Usage:
        """Usage up to now."""
        return Usage(cpu_seconds=self.seconds, memory_bytes=int(self.memory))


@dataclass
class Moment:
    """What was seen at one step."""

    second: float
    reading: Reading
    decision: Decision
    offered: dict[str, int]
    kept: dict[str, int]


@dataclass
class Feed:
    """One input with its load curve (`rate` or `rate` to `until_rate` for so many seconds, or a `backlog` to read)."""

    name: str
    spec: dict[str, Any]
    gate: Gate
    pacer: Pacer
    offered: int = 0
    looked: int = 0
    kept: int = 0
    queued: int = 0
    owed: float = 0.0
    clearance: int = 0
    backlog: int = 0
    delay: float | None = None

    @property
    def drops(self) -> bool:
        """Whether it cannot wait."""
        return bool(self.spec.get("drops", True))

    def arriving(self, second: float) -> float:
        """Records a second offered at `second`."""
        start = 0.0
        for part in self.spec.get("load", []):
            if second < start + part["for"]:
                share = (second - start) / part["for"]
                return float(part["rate"] + share * (part.get("until_rate", part["rate"]) - part["rate"]))
            start += part["for"]
        return 0.0


@dataclass
class Plant:
    """Steps the simulation a quarter of a second at a time."""

    scenario: dict[str, Any]
    machine: Machine = field(default_factory=Machine)
    clock: ManualClock = field(default_factory=lambda: ManualClock(1_700_000_000 * SECOND))

    def __post_init__(self) -> None:
        spec = self.scenario
        budget = ResolvedBudget(
            cpu_cores=spec["budget"]["cpu_cores"],
            memory_bytes=spec["budget"].get("memory_bytes", 1 << 30),
            network_bits=spec["budget"].get("network_bits"),
        )
        self.controller = Controller(budget, idle_cores=spec.get("idle_cores", 0.0))
        self.meter = Meter(self.machine)
        self.purse = purse_of(self.machine, budget)
        self.machine.memory = spec.get("memory", {}).get("base", 100 << 20)
        self.feeds = [
            Feed(n, s, Gate(n, salt=17), Pacer(), backlog=s.get("backlog", 0)) for n, s in spec["inputs"].items()
        ]
        self.network = 0
        self.refuse = False

    def run(self) -> list[Moment]:
        """All moments of the scenario; the first decision is made before anything is read."""
        self._decide()
        return [self._step(n) for n in range(int(self.scenario["seconds"] * SECOND / STEP))]

    def _step(self, number: int) -> Moment:
        before = {f.name: (f.offered, f.kept) for f in self.feeds}
        for feed in self.feeds:
            self._offer(feed, number * STEP / SECOND)
        self._work(number)
        self.clock.advance(STEP)
        decision = self._decide()
        return Moment(
            second=(number + 1) * STEP / SECOND,
            reading=decision.reading,
            decision=decision,
            offered={f.name: f.offered - before[f.name][0] for f in self.feeds},
            kept={f.name: f.kept - before[f.name][1] for f in self.feeds},
        )

    def _decide(self) -> Decision:
        reading = self.meter.read(self.clock.now(), self.network)
        loads = {
            f.name: InputLoad(
                seen=f.looked + f.gate.counts.dropped["refused"],
                kept=f.kept,
                cost=f.spec["model_cost"],
                can_drop=f.drops,
                waiting=f.queued,
                touched=f.looked,
            )
            for f in self.feeds
        }
        decision = self.controller.decide(reading, loads)
        self._obey(decision)
        return decision

    def _offer(self, feed: Feed, second: float) -> None:
        if feed.backlog:
            feed.queued += self._read_backlog(feed)
            return
        feed.owed += feed.arriving(second) * STEP / SECOND
        count = int(feed.owed)
        feed.owed -= count
        feed.offered += count
        room = self.scenario.get("queue", 1_000_000) - feed.queued
        taken = 0 if self.refuse else max(min(count, room), 0)
        feed.gate.refuse(count - taken)
        feed.queued += taken

    def _read_backlog(self, feed: Feed) -> int:
        """A file: batches of 1 000 records, as fast as the pacer lets it, over this step."""
        now, end, count = max(feed.clearance, self.clock.now()), self.clock.now() + STEP, 0
        while now < end and count < feed.backlog and not feed.pacer.pause(now):
            count += 1_000
            feed.offered += 1_000
            now += max(feed.pacer.took(1_000, now), 500)
        feed.clearance = max(now, end if count == 0 else now)
        feed.backlog -= min(count, feed.backlog)
        return count

    def _work(self, number: int) -> None:
        """Work off queues with the cores there are; noise of ±`noise` on the cost of a record."""
        noise = self.scenario.get("noise", 0.0) * math.sin(number * 12.9898) * math.cos(number * 4.1414)
        for piece in range(SLICES):
            self._slice(noise, self.clock.now() + piece * STEP // SLICES)
        memory = self.scenario.get("memory", {})
        base = memory.get("base", 100 << 20)
        self.machine.memory = max(base, self.machine.memory - memory.get("freed_per_second", 0) * STEP / SECOND)

    def _slice(self, noise: float, now: int) -> None:
        room = self.scenario.get("cores", 1.0) * STEP / SECOND / SLICES
        memory = self.scenario.get("memory", {})
        self.machine.seconds += self.scenario.get("idle_cores", 0.0) * STEP / SECOND / SLICES
        for feed in self.feeds:
            cost = feed.spec["cost"] * (1.0 + noise)
            done = 0
            left = math.inf if feed.delay is None else feed.delay * STEP / SECOND / SLICES
            while feed.queued and room > 0 and left > 0 and not (feed.drops and self.purse.pause(now)):
                took, kept = self._admit(feed, min(feed.queued, 1_000))
                done += kept
                left -= took
                spent = kept * cost + took * self.scenario.get("gate_cost", 1e-7)
                room -= spent
                self.machine.seconds += spent
            self.machine.memory += done * memory.get("bytes_per_record", 0)
            self.network += int(done * self.scenario.get("network_bytes_per_record", 0))

    def _admit(self, feed: Feed, count: int) -> tuple[int, int]:
        """One batch through the gate: how many were looked at, and kept."""
        mask = feed.gate.admit_ids(sequence_ids(1, feed.gate.counts.seen, count)) if feed.drops else None
        kept = count if mask is None else int(mask.sum())
        feed.queued, feed.looked, feed.kept = feed.queued - count, feed.looked + count, feed.kept + kept
        return count, kept

    def _obey(self, decision: Decision) -> None:
        self.refuse = decision.refuse
        for feed in self.feeds:
            feed.delay = decision.delays.get(feed.name)
            if feed.name in decision.paces:
                feed.pacer.set_rate(decision.paces[feed.name], self.clock.now())
            elif decision.fractions[feed.name] != feed.gate.fraction:
                feed.gate.set_admission(decision.fractions[feed.name], decision.reason, {"wire": feed.gate.counts.seen})


def purse_of(machine: Machine, budget: ResolvedBudget) -> Purse:
    """What work on a machine may take, as a runtime has it."""
    rate = DEFAULT.headroom * budget.cpu_cores
    return Purse(lambda: machine.seconds, rate=rate, bound=budget.cpu_cores)


def load_scenario(path: Path) -> dict[str, Any]:
    """A scenario file as it stands."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded
