"""How often a node is worked: rows wait in front of it until somebody could notice (ADR 0033), or until they are many.

The same manners as those of the runtime, as rates: of each node, after how many seconds at most what waits in front of
it is worked off. Zero where it hears at once, at every wave that brings rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LatestJoinNode, SelectNode, StepsNode, UnionNode, WindowNode
from slac.plan.waiting import EVE_ROWS, MOST_ROWS
from slac.shedding.capacity.flow import Flow
from slac.stream.clock import SECOND

EVER: Final = float("inf")

Periods = Mapping[tuple[str, int], float]
"""By node and port: seconds for which rows may wait there."""


def periods(plan: Plan) -> Periods:
    """How long rows may wait in front of each node of a plan, at each port."""
    readers: dict[str, list[tuple[str, int]]] = {n.id: [] for n in plan.nodes}
    beats: dict[str, float] = {}
    for node in plan.nodes:
        beats[node.id] = beat(node, [beats.get(i, 0.0) for i in node.inputs])
        for port, before in enumerate(node.inputs):
            readers[before].append((node.id, port))
    found: dict[tuple[str, int], float] = {}
    for node in reversed(plan.nodes):
        # What nobody reads could wait for ever; it is worked when many rows have come.
        behind = min((found[reader] for reader in readers[node.id]), default=EVER)
        for port in range(len(node.inputs)):
            found[node.id, port] = patience(node, port, behind, beats)
    return found


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
    return node.window.every / SECOND if node.window.kind in _GRIDS else (inputs[0] if inputs else 0.0)


@singledispatch
def patience(node: AnyNode, port: int, behind: float, beats: Mapping[str, float]) -> float:
    """Seconds for which rows may wait at a port of `node`, whose own rows may wait for `behind`."""
    del node, port, behind, beats
    return 0.0


@patience.register(SelectNode)
@patience.register(UnionNode)
@patience.register(StepsNode)
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
