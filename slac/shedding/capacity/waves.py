"""How many waves a second a runtime works in: it gathers what comes in for longer, the more a wave costs (ADR 0032)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.plan.waiting import BUSY_SHARE, HOP, MOST_HOPS, lingering
from slac.shedding.capacity.arrivals import idle_time
from slac.shedding.capacity.flow import NodeLoad

__all__ = ["arrivals", "longest", "next_waves"]

FEWEST: Final = 1.0
"""Waves a second of a runtime that does nothing else than work through one after the other."""


def next_waves(
    plan: Plan, loads: Mapping[str, NodeLoad], placement: str, now: tuple[float, float], before: tuple[float, float]
) -> float:
    """Waves a second: behind one of w seconds comes a pause of min(longest, BUSY_SHARE·w), once there is something.

    What a second costs is taken as a line through what it costs at the two numbers of waves that were tried last: `now`
    and `before`. Both branches solve in closed form.
    """
    coming = arrivals(plan, loads, placement)
    if not coming:
        return 1.0
    each = max((now[1] - before[1]) / (now[0] - before[0]), 1e-6) if abs(now[0] - before[0]) > 1e-6 else 1e-6
    fixed = max(now[1] - each * now[0], 0.0)
    usual = now[1] / max(now[0], FEWEST)
    gap = idle_time(1.0 / coming, usual)
    gathers = (1.0 - (1.0 + BUSY_SHARE) * fixed) / (gap + (1.0 + BUSY_SHARE) * each)
    lingers = (1.0 - fixed) / (gap + longest(plan, placement, usual) + each)
    return min(max(gathers, lingers, FEWEST), coming)


def longest(plan: Plan, placement: str, usual: float) -> float:
    """Seconds for which a runtime gathers at most whose waves take `usual` seconds."""
    rim = _rim(plan, placement)
    if any(isinstance(n, SourceNode) for n in rim):
        return lingering(usual)
    return HOP * min(max(len({n.origin for n in rim if isinstance(n, LinkInNode)}) - 1, 0), MOST_HOPS)


def arrivals(plan: Plan, loads: Mapping[str, NodeLoad], placement: str) -> float:
    """How often a second something comes in: an event, or what peers send in a wave of theirs."""
    return sum(_arrivals(loads[n.id], n) for n in _rim(plan, placement))


def _rim(plan: Plan, placement: str) -> list[SourceNode | LinkInNode]:
    return [n for n in plan.nodes if n.node == placement and isinstance(n, SourceNode | LinkInNode)]


def _arrivals(load: NodeLoad, node: SourceNode | LinkInNode) -> float:
    return load.flow.rate if isinstance(node, SourceNode) else load.flow.waves
