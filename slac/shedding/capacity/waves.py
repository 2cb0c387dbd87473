"""How many waves a second a runtime works in: it gathers what comes in for longer, the more a wave costs (ADR 0032)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.plan.waiting import HOP, LINGER, MOST_HOPS, lingering
from slac.shedding.capacity.arrivals import idle_time
from slac.shedding.capacity.flow import Flow, NodeLoad
from slac.shedding.capacity.pauses import Rare, turns

__all__ = ["arrivals", "longest", "next_waves"]

FEWEST: Final = 1.0
"""Waves a second of a runtime that does nothing else than work through one after the other."""
STANDS: Final = 1e-4
"""What changes by less than this share from one try to the next has been found."""
HALVINGS: Final = 24
"""Steps between one wave a second and one an event: a precision far better than the model's."""


def next_waves(
    plan: Plan,
    loads: Mapping[str, NodeLoad],
    placement: str,
    now: tuple[float, float],
    before: tuple[float, float],
    rare: Sequence[Rare] = (),
) -> float:
    """Waves a second: behind one of w seconds comes a pause of min(longest, BUSY_SHARE·w), once there is something.

    What a second costs is taken as a line through what it costs at the two numbers of waves that were tried last: `now`
    and `before`; `rare`: what of it not every wave takes. More waves take more time, so the number is bisected.
    """
    coming = arrivals(plan, loads, placement)
    if not coming:
        return 1.0
    tried, spent = now
    if abs(tried - before[0]) < STANDS * tried:
        return tried
    each = max((spent - before[1]) / (tried - before[0]), 1e-6)
    fixed = max(spent - each * tried, 0.0)
    usual = spent / max(tried, FEWEST)
    gap, most = idle_time(1.0 / coming, usual), longest(plan, placement, usual)

    def lasts(waves: float) -> float:
        """Seconds that so many waves take, with all that is between them."""
        busy = fixed + each * waves
        mean = sum(t.share * t.pause for t in turns(rare, waves=waves, busy=busy, longest=most))
        return waves * (gap + mean) + busy

    low, high = min(FEWEST, coming), coming
    for _ in range(HALVINGS if lasts(low) < 1.0 < lasts(high) else 0):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if lasts(middle) < 1.0 else (low, middle)
    return high if lasts(high) <= 1.0 else low


def longest(plan: Plan, placement: str, usual: float) -> float:
    """Seconds for which a runtime gathers at most whose waves take `usual` seconds."""
    rim = _rim(plan, placement)
    if any(isinstance(n, SourceNode) for n in rim):
        return lingering(usual)
    return HOP * min(max(len({n.origin for n in rim if isinstance(n, LinkInNode)}) - 1, 0), MOST_HOPS)


def arrivals(plan: Plan, loads: Mapping[str, NodeLoad], placement: str) -> float:
    """How often a second something comes in: an event, what peers send in a wave of theirs, or what was held."""
    rim = [(n, loads[n.id]) for n in _rim(plan, placement)]
    heard = sum(_arrivals(load, n) for n, load in rim if not load.held)
    return heard + _let_go([load.flow for _, load in rim if load.held])


def _let_go(flows: Sequence[Flow]) -> float:
    """How often inputs that are held are let go: together, but for those whose events are far apart."""
    ordered = sorted(flows, key=lambda flow: -flow.rate)
    apart = [min(1.0 / max(flow.rate, 1e-9) / LINGER, 1.0) for flow in ordered]
    return sum(flow.batches * (share if n else 1.0) for n, (flow, share) in enumerate(zip(ordered, apart, strict=True)))


def _rim(plan: Plan, placement: str) -> list[SourceNode | LinkInNode]:
    return [n for n in plan.nodes if n.node == placement and isinstance(n, SourceNode | LinkInNode)]


def _arrivals(load: NodeLoad, node: SourceNode | LinkInNode) -> float:
    return load.flow.rate if isinstance(node, SourceNode) else load.flow.waves
