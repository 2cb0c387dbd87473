"""How long it takes until what happens is told: the window, lateness, the watermark, gathering, waves and links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import networkx as nx

from slac.plan.graph import Plan
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    LinkInNode,
    LinkOutNode,
    OutputNode,
    SelectNode,
    SourceNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.shedding.capacity.arrivals import carried, idle_time, mean_wait
from slac.shedding.capacity.pauses import Turn, turns
from slac.shedding.capacity.report import Detection
from slac.shedding.capacity.walk import Walked
from slac.shedding.capacity.waves import arrivals, longest
from slac.stream.clock import SECOND

__all__ = ["latencies"]

_AT_ONCE: Final = (SourceNode, SelectNode, UnionNode, OutputNode)
"""What says rows without waiting for the watermark."""


def latencies(plan: Plan, walked: Walked) -> dict[str, Detection]:
    """Of every block that an output publishes."""
    found: dict[str, Detection] = {}
    graph = _joined(plan)
    for output in plan.nodes:
        if isinstance(output, OutputNode):
            for block, before in zip(output.blocks, output.inputs, strict=True):
                path = [plan[i] for i in nx.ancestors(graph, before) | {before}]
                found[block] = _detection(plan, walked, path, output.node)
    return found


def _joined(plan: Plan) -> nx.DiGraph[str]:
    """The plan with its links closed."""
    graph = plan.graph.copy()
    sent = {(n.stream, n.node, n.to): n.id for n in plan.nodes if isinstance(n, LinkOutNode)}
    for node in plan.nodes:
        if isinstance(node, LinkInNode) and (end := sent.get((node.stream, node.origin, node.node))):
            graph.add_edge(end, node.id)
    return graph


def _detection(plan: Plan, walked: Walked, path: Iterable[AnyNode], last: str) -> Detection:
    nodes = list(path)
    sources = [n for n in nodes if isinstance(n, SourceNode) and n.table is None]
    holds = any(not isinstance(n, _AT_ONCE) for n in nodes)
    windows = [n for n in nodes if isinstance(n, WindowNode) and n.window.is_shared and n.window.kind != "same"]
    first = max((_first(n, plan, walked, holds=holds, awaited=bool(windows)) for n in sources), default=0.0)
    # Each runtime works a wave; behind a link what is sent waits for others that send at the same time.
    places = {n.node for n in nodes} | {last}
    works = sum(_due(walked, nodes, place) for place in places)
    hops = sum(_pause(plan, walked, p) for p in places if not any(s.node == p for s in sources))
    spans = [n.spec.timeout / SECOND for n in nodes if isinstance(n, TracesNode) and n.spec.form == "spans"]
    return Detection(
        after=first + works + hops,
        window=max(((n.window.size or n.window.every) / 2 / SECOND for n in windows), default=0.0),
        settles=max([*spans, *map(_settling, nodes)], default=0.0),
    )


def _first(node: SourceNode, plan: Plan, walked: Walked, *, holds: bool, awaited: bool) -> float:
    """From an event to the wave that takes it, or to that which the watermark passes it with."""
    gap, idle, lateness = 1.0 / max(walked.loads[node.id].flow.rate, 1e-9), node.idle / SECOND, node.lateness / SECOND
    if holds and awaited:
        return lateness + carried(gap, _pause(plan, walked, node.node), idle)
    waits = _waits(plan, walked, node.node)
    if not holds:
        return waits
    # The next event behind it carries the watermark past it, or the end of patience does, which waits for no wave.
    return lateness + (gap + waits if gap < idle else idle)


def _waits(plan: Plan, walked: Walked, place: str) -> float:
    """From an event to its wave, in the mean over all events: more of them fall into a longer pause."""
    gap, cost = 1.0 / max(arrivals(plan, walked.loads, place), 1e-9), _wave(walked, place)
    each = [(t.share * (t.pause + cost + idle_time(gap, cost)), t.pause) for t in _turns(plan, walked, place)]
    return sum(weight * mean_wait(gap, pause, cost) for weight, pause in each) / sum(weight for weight, _ in each)


def _due(walked: Walked, path: Iterable[AnyNode], place: str) -> float:
    """Seconds of a wave in which the nodes of a path have something to say: those that mostly wait work in it."""
    waves = max(walked.waves[place], 1e-9)
    rare = (walked.due[n.id] - walked.uses[n.id].cores / waves for n in path if n.node == place)
    return _wave(walked, place) + sum(max(more, 0.0) for more in rare)


def _wave(walked: Walked, place: str) -> float:
    return walked.busy[place] / max(walked.waves[place], 1e-9)


def _pause(plan: Plan, walked: Walked, place: str) -> float:
    """How long is gathered in the mean over all waves."""
    return sum(t.share * t.pause for t in _turns(plan, walked, place))


def _turns(plan: Plan, walked: Walked, place: str) -> list[Turn]:
    waves, most = max(walked.waves[place], 1e-9), longest(plan, place, _wave(walked, place))
    return turns(walked.rare[place], waves=waves, busy=walked.busy[place], longest=most)


def _settling(node: AnyNode) -> float:
    """For how long the condition of a bad state must hold, where it is said in time."""
    match node:
        case AuditNode(states=states):
            return max((s.settle.time / SECOND for s in states if s.settle is not None), default=0.0)
        case ViolationNode(settle=settle) if settle is not None:
            return settle.time / SECOND
        case AbsenceNode(silence=silence):
            return silence / SECOND
        case _:
            return 0.0
