"""How often a node is worked: rows wait in front of it until somebody could notice (ADR 0033), or until they are many.

The same manners as those of the runtime, as rates: of each node, after how many seconds at most what waits in front of
it is worked off. Zero where it hears at once, at every wave that brings rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import (
    AnyNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    SelectNode,
    StepsNode,
    UnionNode,
    WindowNode,
)
from slac.plan.waiting import EVE_ROWS, MOST_ROWS
from slac.shedding.capacity.flow import Flow
from slac.stream.clock import SECOND

EVER: Final = float("inf")

Periods = Mapping[tuple[str, int], float]
"""By node and port: seconds for which rows may wait there."""


def periods(plan: Plan) -> Periods:
    """How long rows may wait in front of each node of a plan, at each port; what is sent is heard at once."""
    return periods_of(plan.nodes, {n.id: n.inputs for n in plan.nodes}, crossing=False)


def periods_of(order: Sequence[AnyNode], inputs: Mapping[str, Sequence[str]], *, crossing: bool = True) -> Periods:
    """The same of nodes in an order in which each is behind those that it reads: `inputs`, their ids by node.

    `crossing`: what is sent matters where it arrives.
    """
    readers: dict[str, list[tuple[str, int]]] = {n.id: [] for n in order}
    for node in order:
        for port, before in enumerate(inputs[node.id]):
            readers[before].append((node.id, port))
    beats = beats_of(order, inputs)
    found: dict[tuple[str, int], float] = {}
    for node in reversed(order):
        # What nobody reads could wait for ever; it is worked when many rows have come.
        behind = min((found[reader] for reader in readers[node.id]), default=EVER)
        for port in range(len(inputs[node.id])):
            is_sent = isinstance(node, LinkOutNode) and not crossing
            found[node.id, port] = 0.0 if is_sent else patience(node, port, behind, beats)
    return found


def beats_of(order: Sequence[AnyNode], inputs: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """By node, seconds between the instants that its rows can have; `order` and `inputs` as of `periods_of`."""
    beats: dict[str, float] = {}
    for node in order:
        beats[node.id] = beat(node, [beats[i] for i in inputs[node.id]])
    return beats


def gathered(flow: Flow, period: float) -> float:
    """Batches a second that a node is given, where `flow` comes in and may wait for `period` seconds."""
    if not period or not flow.batches:
        return flow.batches
    portions = max(-(-MOST_ROWS // max(flow.rate / flow.batches, 1e-9)), 1.0)
    turns = 2.0 if flow.rate * period > EVE_ROWS else 1.0
    return min(flow.batches, max(turns / period, flow.batches / portions))


@singledispatch
def beat(node: AnyNode, inputs: Sequence[float]) -> float:
    """Seconds between the instants that rows out of a node can have; zero for any instant."""
    del node
    return inputs[0] if inputs else 0.0


@beat.register
def _(node: UnionNode, inputs: Sequence[float]) -> float:
    return min(inputs)


@beat.register
def _(node: WindowNode, inputs: Sequence[float]) -> float:
    if node.window.kind in _GRIDS:
        return node.window.every / SECOND
    return inputs[0] if inputs and node.window.kind != "session" else 0.0


@singledispatch
def patience(node: AnyNode, port: int, behind: float, beats: Mapping[str, float]) -> float:
    """Seconds for which rows may wait at a port of `node`, whose own rows may wait for `behind`."""
    del node, port, behind, beats
    return 0.0


@patience.register(SelectNode)
@patience.register(UnionNode)
@patience.register(StepsNode)
@patience.register(LinkOutNode)
@patience.register(LinkInNode)
def _passes(node: AnyNode, port: int, behind: float, beats: Mapping[str, float]) -> float:
    return behind


@patience.register
def _(node: LatestJoinNode, port: int, behind: float, beats: Mapping[str, float]) -> float:
    if node.restate:
        return 0.0
    return behind if port == 0 else max(behind, beats[node.inputs[0]])


@patience.register
def _(node: WindowNode, port: int, behind: float, beats: Mapping[str, float]) -> float:
    if node.late == "restate":
        return 0.0
    return max(behind, node.window.every / SECOND) if node.window.kind in _GRIDS and node.role in _OPENS else behind


_GRIDS: Final = frozenset({"tumbling", "hopping", "calendar"})
_OPENS: Final = frozenset({"whole", "partial"})
