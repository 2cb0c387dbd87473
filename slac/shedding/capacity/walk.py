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
from slac.shedding.capacity.calibration import Calibration, Work, shipped_calibration
from slac.shedding.capacity.flow import NodeLoad, Scene
from slac.shedding.capacity.joins import interval_load, latest_load
from slac.shedding.capacity.model import load_of
from slac.shedding.capacity.patterns import pattern_load
from slac.shedding.capacity.rim import link_in_load, link_out_load, output_load, source_load
from slac.shedding.capacity.steps import steps_load
from slac.shedding.capacity.traces import traces_load

GATHER: Final = 20.0
"""The runtime gathers small batches for this many times what the last wave cost …"""
LINGER: Final = 0.15
"""… but for no longer than this (s)."""
PROBE: Final = 20_000.0
"""The rate (records a second) at which one more record is priced: a load under which a gate is likely to act."""
ROUNDS: Final = 4
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
    """A plan at one load: what each node does, and what each placement uses beside its nodes."""

    loads: Mapping[str, NodeLoad]
    uses: Mapping[str, Use]
    overhead: Mapping[str, Use]

    def total(self, plan: Plan, placement: str) -> Use:
        """What a runtime of `placement` uses in all."""
        own = [self.uses[n.id] for n in plan.nodes if n.node == placement]
        return sum(own, self.overhead[placement])


def walk(plan: Plan, calibration: Calibration, scene: Scene) -> Walked:
    """The load of every node at the rates of `scene`; how many waves that makes follows from what they cost."""
    scene = replace(scene, bytes_per_key=calibration.bytes_per_key)
    waves = {p.name: 1 / LINGER for p in plan.data.placements}
    for _ in range(ROUNDS):
        loads = _loads(plan, replace(scene, waves=waves))
        waves = {p: _waves(plan, calibration, loads, p, n) for p, n in waves.items()}
    loads = _loads(plan, replace(scene, waves=waves))
    uses = {i: _use(load, calibration) for i, load in loads.items()}
    overhead = {p.name: _overhead(plan, calibration, loads, uses, p.name) for p in plan.data.placements}
    return Walked(loads=loads, uses=uses, overhead=overhead)


def record_costs(plan: Plan, calibration: Calibration | None = None) -> dict[str, float]:
    """CPU seconds that one more record of each input costs the runtime that reads it, in batches as under load.

    What the gate's feed-forward starts from. `plan`: a whole plan or a part; the shipped calibration unless another
    is given.
    """
    costs = calibration or shipped_calibration()
    sources = {n.block: n.node for n in plan.nodes if isinstance(n, SourceNode)}
    still = walk(plan, costs, Scene(rates={}))
    return {i: _one_more(plan, costs, i, node, still) for i, node in sources.items()}


def _one_more(plan: Plan, calibration: Calibration, block: str, node: str, still: Walked) -> float:
    busy = walk(plan, calibration, Scene(rates={block: PROBE}))
    return max(busy.total(plan, node).cores - still.total(plan, node).cores, 0.0) / PROBE


def _loads(plan: Plan, scene: Scene) -> dict[str, NodeLoad]:
    loads: dict[str, NodeLoad] = {}
    for node in _across_links(plan):
        loads[node.id] = load_of(node, [loads[i].flow for i in _inputs(plan, node)], scene)
    return loads


def _across_links(plan: Plan) -> list[AnyNode]:
    """Nodes in an order in which a link's sending end comes before its receiving one."""
    waiting, done, ordered = list(plan.nodes), set[str](), list[AnyNode]()
    while waiting:
        ready = [n for n in waiting if set(_inputs(plan, n)) <= done]
        if not ready:
            raise ValueError(f"the plan goes round in circles at {', '.join(n.id for n in waiting)}")
        ordered += ready
        done |= {n.id for n in ready}
        waiting = [n for n in waiting if n.id not in done]
    return ordered


def _inputs(plan: Plan, node: AnyNode) -> tuple[str, ...]:
    if not isinstance(node, LinkInNode):
        return node.inputs
    return tuple(
        n.id
        for n in plan.nodes
        if isinstance(n, LinkOutNode) and (n.stream, n.node, n.to) == (node.stream, node.origin, node.node)
    )


def _use(load: NodeLoad, calibration: Calibration) -> Use:
    cores = sum(calibration.line(kind).seconds(work) for kind, work in load.work)
    return Use(cores=cores, memory=load.memory, bits=load.bits)


def _overhead(
    plan: Plan,
    calibration: Calibration,
    loads: Mapping[str, NodeLoad],
    uses: Mapping[str, Use],
    placement: str,
) -> Use:
    """The runtime itself: what it uses when idle, at every wave, and to write its state down at every checkpoint."""
    state = sum(uses[n.id].memory for n in plan.nodes if n.node == placement)
    every = plan.data.checkpoint / 1e6
    written = calibration.line("checkpoint").seconds(Work(batches=1 / every, bytes=state / every))
    woken = calibration.line("wave").seconds(Work(batches=_wakes(plan, loads, placement)))
    return Use(cores=calibration.idle_cores + written + woken, memory=float(calibration.base_memory))


def _wakes(plan: Plan, loads: Mapping[str, NodeLoad], placement: str) -> float:
    """How often a second something comes in at the rim: a wave of an input, or a message on a link."""
    rim = [n.id for n in plan.nodes if n.node == placement and isinstance(n, SourceNode | LinkInNode)]
    return sum(loads[i].flow.waves for i in rim)


def _waves(plan: Plan, calibration: Calibration, loads: Mapping[str, NodeLoad], placement: str, now: float) -> float:
    """Waves a second, when one wave costs w and the next begins after w + min(LINGER, GATHER·w).

    Cost is `fixed` a wave and `moving` a second, so w = fixed + moving / n; both branches solve in closed form.
    """
    works = [w for n in plan.nodes if n.node == placement for w in loads[n.id].work]
    works.append(("wave", Work(batches=_wakes(plan, loads, placement))))
    every_wave = sum(_fixed(calibration, kind, work) for kind, work in works)
    moving = sum(calibration.line(kind).seconds(work) for kind, work in works) - every_wave
    fixed = max(every_wave / now, 1e-6)
    short = (1 / (1 + GATHER) - moving) / fixed
    if short > 0 and GATHER * (fixed + moving / short) <= LINGER:
        return short
    return max((1 - moving) / (fixed + LINGER), 1.0)


def _fixed(calibration: Calibration, kind: str, work: Work) -> float:
    """What is paid once a batch, however many rows it has."""
    line = calibration.line(kind)
    return line.batches * work.batches + line.exprs * work.exprs
