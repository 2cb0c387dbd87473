"""The estimator: from a plan, a calibration and a machine to a capacity report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import msgspec

from slac.plan.graph import Placement, Plan
from slac.plan.nodes import SourceNode
from slac.plan.waiting import PRESSED
from slac.shedding.budget import resolve_budget
from slac.shedding.capacity.admitting import admitted_share, waits_outside
from slac.shedding.capacity.calibration import Calibration
from slac.shedding.capacity.flow import NO_FACTS, Facts, Scene
from slac.shedding.capacity.latency import latencies
from slac.shedding.capacity.logs import log_bytes
from slac.shedding.capacity.outlook import backlog, growths, prospects
from slac.shedding.capacity.report import (
    Assumed,
    Backlog,
    BlockReport,
    CapacityReport,
    Excess,
    Limit,
    Need,
    NodeReport,
    Published,
    Resource,
    Whole,
)
from slac.shedding.capacity.rim import source_rate
from slac.shedding.capacity.walk import Use, Walked, walk
from slac.shedding.machine import Machine
from slac.shedding.readings import ResolvedBudget

RESOURCES: Final[tuple[Resource, ...]] = ("cpu", "memory", "network")
FARTHEST: Final = 2.0**20
"""Loads above this many times the normal one are not looked at."""
STEPS: Final = 11
"""Bisections between a factor and twice it: a precision far better than the model's."""


def report(
    plan: Plan,
    calibration: Calibration,
    machine: Machine,
    *,
    instances: Mapping[str, int] | None = None,
    facts: Facts = NO_FACTS,
    what_if: str | None = None,
) -> CapacityReport:
    """What `plan` needs on `machine` (every node is taken to run on one like it), and the most that fits.

    `instances`: how many runtimes play a node, one unless said; `facts`: what has been seen of nodes.
    """
    estimate = _Estimate(plan, calibration, machine, Scene(instances=instances or {}, facts=facts))
    nodes = tuple(estimate.node(p) for p in plan.data.placements)
    factors = {n.node: n.limit.factor for n in nodes}
    return CapacityReport(
        document=plan.document,
        what_if=what_if,
        has_burst=any(isinstance(n, SourceNode) and n.rate and n.rate.burst is not None for n in plan.nodes),
        whole=_whole(nodes),
        nodes=nodes,
        blocks=estimate.blocks(),
        excesses=estimate.excesses(),
        published=estimate.published({n.node: n.backlog for n in nodes}),
        prospects=prospects(plan, estimate.normal, factors, estimate.admits),
        growths=growths(plan, estimate.fits),
        assumed=estimate.assumed(),
    )


def _whole(nodes: Sequence[NodeReport]) -> Whole:
    """All nodes of a document together."""
    first = min((n for n in nodes if n.limit.factor is not None), key=lambda n: n.limit.factor or 0.0, default=None)
    return Whole(
        normal=_sum(n.normal for n in nodes),
        burst=_sum(n.burst for n in nodes),
        factor=None if first is None else first.limit.factor,
        node=None if first is None else first.node,
        resource=None if first is None else first.limit.resource,
    )


@dataclass
class _Estimate:
    """The two loads that are reported, computed once, and what is asked of them."""

    plan: Plan
    calibration: Calibration
    machine: Machine
    base: Scene
    notes: dict[str, None] = field(default_factory=dict)
    walks: dict[float, Walked] = field(default_factory=dict)
    loads: dict[tuple[float, tuple[tuple[str, int], ...]], Walked] = field(default_factory=dict)
    shares: dict[tuple[str, float], tuple[float, bool]] = field(default_factory=dict)

    @cached_property
    def normal(self) -> Walked:
        return self._walked(replace(self.base, notes=self.notes))

    @cached_property
    def burst(self) -> Walked:
        return self._walked(replace(self.base, burst=True, notes=self.notes))

    def at(self, factor: float) -> Walked:
        """The plan at so many times its normal rates."""
        if factor not in self.walks:
            self.walks[factor] = self._walked(replace(self.base, factor=factor))
        return self.walks[factor]

    def _walked(self, scene: Scene) -> Walked:
        """The plan under a load; where it nearly uses up a budget, nothing stays undecoded."""
        walked = walk(self.plan, self.calibration, scene)
        pressed = any(
            walked.total(self.plan, p.name).cores > PRESSED * self.budget(p).cpu_cores
            for p in self.plan.data.placements
        )
        return walk(self.plan, self.calibration, replace(scene, hurried=True)) if pressed else walked

    def budget(self, placement: Placement) -> ResolvedBudget:
        return resolve_budget(placement.budget, self.machine)

    def fits(self, placement: Placement, scene: Scene) -> bool:
        """Whether one runtime of a node holds the load of `scene`."""
        place = (scene.factor, tuple(sorted(scene.instances.items())))
        if place not in self.loads:
            self.loads[place] = self._walked(replace(scene, facts=self.base.facts))
        return not self._over(placement, self.loads[place], "normal")

    def published(self, backlogs: Mapping[str, Backlog | None]) -> tuple[Published, ...]:
        """How soon each published block is told; what waits at the end of a burst comes later by so much."""
        waits = sum(b.delay or 0.0 for b in backlogs.values() if b is not None)
        normal = latencies(self.plan, self.normal)
        burst = latencies(self.plan, self.burst)
        return tuple(
            Published(
                block=block,
                normal=told,
                burst=msgspec.structs.replace(burst[block], after=burst[block].after + waits),
            )
            for block, told in normal.items()
        )

    def admits(self, node: str, load: float, held: float) -> tuple[float, bool]:
        """The share of what comes in there that its gates let pass at so many times the normal rates.

        And whether the rest waits with its senders.
        """
        if (node, load) not in self.shares:
            placement = next(p for p in self.plan.data.placements if p.name == node)
            sources = [n for n in self.plan.nodes if isinstance(n, SourceNode) and n.node == node and not n.table]

            def cores(factor: float, kept: float) -> float:
                shares = {n.block: kept for n in sources} if kept < 1.0 else {}
                scene = replace(self.base, factor=factor, hurried=True, kept=shares)
                return walk(self.plan, self.calibration, scene).total(self.plan, node).cores

            waits = all(map(waits_outside, sources))
            budget = self.budget(placement).cpu_cores
            self.shares[node, load] = admitted_share(cores, budget, load, held, waits=waits)
        return self.shares[node, load]

    def node(self, placement: Placement) -> NodeReport:
        limit = self._limit(placement)
        return NodeReport(
            node=placement.name,
            budget=self.budget(placement),
            runtime=_need(self.normal.overhead[placement.name]),
            normal=_need(self.normal.total(self.plan, placement.name)),
            burst=_need(self.burst.total(self.plan, placement.name)),
            limit=limit,
            waves=self.normal.waves[placement.name],
            log_bytes=log_bytes(self.plan, self.normal.loads, placement.name),
            backlog=backlog(self.plan, placement.name, limit.factor),
        )

    def blocks(self) -> tuple[BlockReport, ...]:
        places = dict.fromkeys((n.block, n.node) for n in self.plan.nodes)
        return tuple(self._block(block, node) for block, node in places)

    def excesses(self) -> tuple[Excess, ...]:
        found: list[Excess] = []
        for placement in self.plan.data.placements:
            for load, walked in (("normal", self.normal), ("burst", self.burst)):
                known = {e.resource for e in found if e.node == placement.name}
                found += [e for e in self._over(placement, walked, load) if e.resource not in known]
        return tuple(found)

    def assumed(self) -> Assumed:
        errors = [line.error for line in self.calibration.kinds.values()]
        return Assumed(
            machine=self.machine,
            calibrated_on=self.calibration.machine,
            fit_error=sum(errors) / max(len(errors), 1),
            notes=(*self.notes, "network is what crosses links; what inputs receive and outputs send is not counted"),
        )

    def _block(self, block: str, node: str) -> BlockReport:
        ids = [n.id for n in self.plan.nodes if (n.block, n.node) == (block, node)]
        loads = [self.normal.loads[i] for i in ids]
        return BlockReport(
            block=block,
            node=node,
            rows_in=loads[0].rows_in,
            rows_out=loads[-1].flow.rate,
            normal=_need(sum((self.normal.uses[i] for i in ids), Use())),
            burst=_need(sum((self.burst.uses[i] for i in ids), Use())),
            holds=sum(load.holds for load in loads),
            timers=sum(load.timers for load in loads),
            largest_key=self._largest_key(ids),
        )

    def _largest_key(self, ids: Sequence[str]) -> float | None:
        """The share of the most frequent key of what a block groups by, where its keys are declared to be uneven."""
        for node_id in ids:
            node = self.plan[node_id]
            keys = getattr(node, "keys", ())
            flows = [self.normal.loads[i].flow for i in node.inputs]
            if keys and flows and frozenset(keys) in flows[0].keys.skews:
                return flows[0].keys.largest(keys)
        return None

    def _over(self, placement: Placement, walked: Walked, load: str) -> list[Excess]:
        budget, need = self.budget(placement), _need(walked.total(self.plan, placement.name))
        return [
            Excess(
                node=placement.name,
                load="burst" if load == "burst" else "normal",
                resource=resource,
                need=amount(need, resource),
                budget=bound,
                block=self._heaviest(placement.name, walked, resource),
            )
            for resource in RESOURCES
            if (bound := bound_of(budget, resource)) is not None and amount(need, resource) > bound
        ]

    def _heaviest(self, node: str, walked: Walked, resource: Resource) -> str | None:
        """The block that uses most of `resource` there; None where the runtime itself uses more than any."""
        uses: dict[str, float] = {}
        for n in self.plan.nodes:
            if n.node == node:
                uses[n.block] = uses.get(n.block, 0.0) + amount(_need(walked.uses[n.id]), resource)
        most = max(uses, key=lambda b: uses[b], default=None)
        own = amount(_need(walked.overhead[node]), resource)
        return most if most is not None and uses[most] >= own else None

    def _limit(self, placement: Placement) -> Limit:
        """The highest factor on all normal rates that fits this node; needs grow with it, so it can be bisected."""
        inputs = self._inputs_of(placement.name)
        if not inputs or not self._breaks(placement, FARTHEST):
            return Limit(factor=None, rate=None, resource=None, block=None)
        low, high = self._bracket(placement)
        for _ in range(STEPS if low else 0):
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self._breaks(placement, middle) else (middle, high)
        first = self._breaks(placement, high)[0]
        rate = sum(source_rate(n, Scene()) for n in self.plan.nodes if isinstance(n, SourceNode) and n.block in inputs)
        return Limit(factor=low, rate=low * rate, resource=first.resource, block=first.block)

    def _bracket(self, placement: Placement) -> tuple[float, float]:
        """A factor that fits and twice it, which does not; 0 where none fits."""
        high = 1.0
        while not self._breaks(placement, high):
            high *= 2.0
        while high > 1.0 / FARTHEST and self._breaks(placement, high / 2.0):
            high /= 2.0
        return (high / 2.0 if high > 1.0 / FARTHEST else 0.0), high

    def _breaks(self, placement: Placement, factor: float) -> list[Excess]:
        return self._over(placement, self.at(factor), "normal")

    def _inputs_of(self, node: str) -> frozenset[str]:
        """The inputs whose events reach this node."""
        flows = [self.normal.loads[n.id].flow.inputs for n in self.plan.nodes if n.node == node]
        return frozenset().union(*flows)


def amount(need: Need, resource: Resource) -> float:
    """How much of `resource` is needed, in the resource's own unit."""
    match resource:
        case "cpu":
            return need.cpu_cores
        case "memory":
            return need.memory_bytes
        case "network":
            return need.network_bits


def bound_of(budget: ResolvedBudget, resource: Resource) -> float | None:
    """How much of `resource` the budget allows; None without a bound."""
    match resource:
        case "cpu":
            return budget.cpu_cores
        case "memory":
            return float(budget.memory_bytes)
        case "network":
            return budget.network_bits


def _sum(needs: Iterable[Need]) -> Need:
    return _need(sum((Use(cores=n.cpu_cores, memory=n.memory_bytes, bits=n.network_bits) for n in needs), Use()))


def _need(use: Use) -> Need:
    return Need(cpu_cores=use.cores, memory_bytes=use.memory, network_bits=use.bits)
