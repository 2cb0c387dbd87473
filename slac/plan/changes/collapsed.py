"""A plan as if its document ran in one process: without links, and with windows and silences that are not in parts."""

from __future__ import annotations

from typing import Final

import msgspec

from slac.plan.changes.heirs import PARTIAL, name_of, origin_of
from slac.plan.graph import Placement, Plan
from slac.plan.nodes import AbsenceNode, AnyNode, LinkInNode, LinkOutNode, WindowNode

_ALL: Final = "all"


def collapsed(plan: Plan) -> Plan:
    """What a placed plan computes; where it does that is not in it."""
    kept: dict[str, AnyNode] = {}
    for node in plan.nodes:
        if isinstance(node, LinkInNode | LinkOutNode) or _is_part(node):
            continue
        inputs = tuple(origin_of(plan, i) for i in node.inputs)
        if isinstance(node, WindowNode | AbsenceNode) and node.role == "final":
            inputs = _behind(plan, inputs[0])
            node = msgspec.structs.replace(node, role="whole")  # noqa: PLW2901 - the node, step by step
        own = msgspec.structs.replace(node, id=name_of(node), node=_ALL, inputs=inputs)
        kept.setdefault(own.id, own)
    return Plan(msgspec.structs.replace(plan.data, nodes=tuple(kept.values()), placements=(Placement(name=_ALL),)))


def _is_part(node: AnyNode) -> bool:
    return isinstance(node, WindowNode | AbsenceNode) and PARTIAL in node.id


def _behind(plan: Plan, node_id: str) -> tuple[str, ...]:
    """What the first part of a window reads, on whatever nodes its parts follow one another."""
    while PARTIAL in node_id:
        found = plan[node_id].inputs
        node_id = origin_of(plan, found[0])
        if PARTIAL not in node_id:
            return tuple(origin_of(plan, i) for i in found)
    return (node_id,)
