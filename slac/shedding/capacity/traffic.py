"""What crosses each link at the declared rates, and what would if its rows were not aggregated where they are made."""

from __future__ import annotations

import msgspec

from slac.plan.graph import Plan
from slac.plan.nodes import AbsenceNode, LinkOutNode, Node, WindowNode
from slac.shedding.capacity.calibration import Calibration
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.walk import Walked, walk


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """One stream on one link, in bytes a second from one instance of `origin`.

    `whole`: what the rows would take that the stream is computed from here; equal to `bytes` where it is not split.
    """

    block: str
    stream: str
    origin: str
    to: str
    bytes: float
    whole: float


def traffic(plan: Plan, calibration: Calibration) -> tuple[Traffic, ...]:
    """Every link of the plan, in its order."""
    walked = walk(plan, calibration, Scene())
    return tuple(_of(plan, walked, node) for node in plan.nodes if isinstance(node, LinkOutNode))


def _of(plan: Plan, walked: Walked, node: LinkOutNode) -> Traffic:
    (read,) = node.inputs
    return Traffic(
        block=node.block,
        stream=node.stream,
        origin=node.node,
        to=node.to,
        bytes=_bytes(walked, read),
        whole=_bytes(walked, _source(plan, plan[read])),
    )


def _source(plan: Plan, node: Node) -> str:
    """The stream that a partial is computed from, on its own node; any other stream is its own."""
    while isinstance(node, WindowNode | AbsenceNode) and node.role in {"partial", "merged"}:
        (before,) = node.inputs
        node = plan[before]
    return node.id


def _bytes(walked: Walked, node_id: str) -> float:
    flow = walked.loads[node_id].flow
    return flow.rate * flow.row_bytes
