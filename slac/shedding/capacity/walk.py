"""From a plan to the load of every node: flows are followed from the inputs, across links, to the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import (
    AnyNode,
    IntervalJoinNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    OutputNode,
    PatternNode,
    SourceNode,
    StepsNode,
    TracesNode,
)
from slac.plan.waiting import LINGER
from slac.shedding.capacity.calibration import Calibration, Work, shipped_calibration
from slac.shedding.capacity.facts import observed
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.joins import interval_load, latest_load
from slac.shedding.capacity.logs import logging_cores
from slac.shedding.capacity.model import load_of
from slac.shedding.capacity.pace import gathered
from slac.shedding.capacity.patterns import pattern_load
from slac.shedding.capacity.pauses import Rare, rare_calls
from slac.shedding.capacity.rim import link_in_load, link_out_load, output_load, source_load
from slac.shedding.capacity.shape import shape_of
from slac.shedding.capacity.steps import steps_load
from slac.shedding.capacity.traces import traces_load
from slac.shedding.capacity.waves import next_waves

PROBE: Final = 20_000.0
"""The rate (records a second) at which one more record is priced: a load under which a gate is likely to act."""
WRITTEN: Final = 0.15
"""Share of what state takes in memory that a checkpoint writes: not its hashes, its free places and its copies."""
ROUNDS: Final = 7
"""Waves and their cost depend on each other; the fixed point is met to a percent in so many rounds."""

load_of.register(SourceNode, source_load)
load_of.register(OutputNode, output_load)
load_of.register(LinkOutNode, link_out_load)
load_of.register(LinkInNode, link_in_load)
load_of.register(LatestJoinNode, latest_load)
load_of.register(IntervalJoinNode, interval_load)
load_of.register(PatternNode, pattern_load)
load_of.register(TracesNode, traces_load)
load_of.register(StepsNode, steps_load)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a part of a plan uses: CPU seconds a second, bytes held, bits a second."""

    cores: float = 0.0
    memory: float = 0.0
    bits: float = 0.0

    def __add__(self, other: Use) -> Use:
        return Use(cores=self.cores + other.cores, memory=self.memory + other.memory, bits=self.bits + other.bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A plan at one load: what each node does, and what each placement uses beside its nodes.

    By placement, `waves`: waves a second; `busy`: CPU seconds a second that they take; `rare`: what of
    it not every wave takes. By node, `due`: CPU seconds of a
    call in which it has something to say.
    """

    loads: Mapping[str, NodeLoad]
    uses: Mapping[str, Use]
    overhead: Mapping[str, Use]
    waves: Mapping[str, float]
    busy: Mapping[str, float]
    rare: Mapping[str, tuple[Rare, ...]]
    due: Mapping[str, float]

    def total(self, plan: Plan, placement: str) -> Use:
        """What a runtime of `placement` uses in all."""
        own = [self.uses[n.id] for n in plan.nodes if n.node == placement]
        return sum(own, self.overhead[placement])


def walk(plan: Plan, calibration: Calibration, scene: Scene) -> Walked:
    """The load of every node at the rates of `scene`; how many waves that makes follows from what they cost."""
    scene = replace(scene, bytes_per_key=calibration.bytes_per_key)
    waves = {p.name: 1 / LINGER for p in plan.data.placements}
    known: dict[str, tuple[float, float]] = {}
    for _ in range(ROUNDS):
        loads = loads_of(plan, replace(scene, waves=waves))
        spent, rare = _spent(plan, calibration, loads, waves)
        found = {
            p: next_waves(plan, loads, p, (n, spent[p]), known.get(p, (0.0, 0.0)), rare[p]) for p, n in waves.items()
        }
        known = {p: (n, spent[p]) for p, n in waves.items()}
        waves = found
    loads = loads_of(plan, replace(scene, waves=waves))
    uses = {n.id: _use(plan, n, loads[n.id], calibration) for n in plan.nodes}
    overhead = {p: _overhead(plan, calibration, loads, uses, p, n) for p, n in waves.items()}
    busy, rare = _spent(plan, calibration, loads, waves)
    due = {n.id: _due(loads[n.id], uses[n.id].cores, calibration) for n in plan.nodes}
    return Walked(loads=loads, uses=uses, overhead=overhead, waves=waves, busy=busy, rare=rare, due=due)


def record_costs(plan: Plan, calibration: Calibration | None = None) -> dict[str, float]:
    """CPU seconds that one more record of each input costs the runtime that reads it, in batches as under load.

    What the gate's feed-forward starts from. `plan`: a whole plan or a part; the shipped calibration unless another
    is given.
    """
    costs = calibration or shipped_calibration()
    sources = {n.block: n.node for n in plan.nodes if isinstance(n, SourceNode)}
    still = walk(plan, costs, Scene(rates={}, hurried=True))
    return {i: _one_more(plan, costs, i, node, still) for i, node in sources.items()}


def _one_more(plan: Plan, calibration: Calibration, block: str, node: str, still: Walked) -> float:
    busy = walk(plan, calibration, Scene(rates={block: PROBE}, hurried=True))
    return max(busy.total(plan, node).cores - still.total(plan, node).cores, 0.0) / PROBE


def loads_of(plan: Plan, scene: Scene) -> dict[str, NodeLoad]:
    """The load of every node, with as many waves as the scene says."""
    loads: dict[str, NodeLoad] = {}
    shape = shape_of(plan)
    held = {} if scene.hurried else shape.held
    scene = replace(scene, held=held, paired=shape.paired, passes=shape.passes, memo=shape.memo)
    for node in shape.order:
        flows = [
            _given(loads[before].flow, node, scene, shape.periods.get((node.id, port), 0.0))
            for port, before in enumerate(shape.inputs[node.id])
        ]
        loads[node.id] = observed(node, load_of(node, flows, scene), scene)
    return loads


def _given(flow: Flow, node: AnyNode, scene: Scene, period: float) -> Flow:
    """What flows into a port, in as few batches as rows wait for one another."""
    seen = scene.facts.calls.get(node.id)
    return replace(flow, batches=gathered(flow, period) if seen is None else min(seen, flow.rate))


def _use(plan: Plan, node: AnyNode, load: NodeLoad, calibration: Calibration) -> Use:
    cores = sum(calibration.line(kind).seconds(work) for kind, work in load.work)
    cores += logging_cores(plan, node, load, calibration)
    return Use(cores=cores, memory=load.memory, bits=load.bits)


def _due(load: NodeLoad, cores: float, calibration: Calibration) -> float:
    """A mean call, with all of that which most calls spare: the queries of a select, the end of a window."""
    if not load.work or not load.work[0][1].batches:
        return 0.0
    kind, own = load.work[0]
    spared = max(1.0 - own.exprs / own.batches, 0.0) if own.exprs else 0.0
    return cores / own.batches + spared * calibration.line(kind).exprs


def _overhead(
    plan: Plan,
    calibration: Calibration,
    loads: Mapping[str, NodeLoad],
    uses: Mapping[str, Use],
    placement: str,
    waves: float,
) -> Use:
    """The runtime itself: what it uses when idle, at every wave, and to write its state down at every checkpoint."""
    state = sum(uses[n.id].memory for n in plan.nodes if n.node == placement)
    every = plan.data.checkpoint / 1e6
    count = sum(n.node == placement for n in plan.nodes)
    work = Work(exprs=count / every, bytes=WRITTEN * state / every)
    written = calibration.line("checkpoint").seconds(work)
    woken = _passing(plan, calibration, loads, placement, waves)
    return Use(
        cores=calibration.idle_cores + written + woken, memory=calibration.base_memory + count * calibration.node_memory
    )


def _spent(
    plan: Plan, calibration: Calibration, loads: Mapping[str, NodeLoad], waves: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, tuple[Rare, ...]]]:
    """By placement, CPU seconds a second of its nodes and waves, and what of that is rare."""
    cores = {n.id: _use(plan, n, loads[n.id], calibration).cores for n in plan.nodes}
    spent: dict[str, float] = {}
    rare: dict[str, tuple[Rare, ...]] = {}
    for place, count in waves.items():
        own = [n for n in plan.nodes if n.node == place]
        spent[place] = sum(cores[n.id] for n in own) + _passing(plan, calibration, loads, place, count)
        rare[place] = rare_calls(own, loads, cores, count, spent[place])
    return spent, rare


def _passing(
    plan: Plan, calibration: Calibration, loads: Mapping[str, NodeLoad], placement: str, waves: float
) -> float:
    """What waves take beside what their nodes do: each node is passed by once a wave, and handed what is for it."""
    own = [loads[n.id].work for n in plan.nodes if n.node == placement]
    return calibration.line("wave").seconds(
        Work(batches=sum(w[0][1].batches for w in own if w), exprs=waves * len(own))
    )
