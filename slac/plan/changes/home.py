"""A plan that was compiled elsewhere, with what the place where it is to run has filled in."""

from __future__ import annotations

from typing import Final

import msgspec

from slac.plan.graph import Placement, Plan
from slac.plan.nodes import AnyNode, OutputNode, SourceNode

_OF_NODES: Final = ("listen", "address", "budget", "disk")


def at_home(new: Plan, old: Plan) -> Plan:
    """`new` with the values that `old` has at places where both documents have the same text with a `${…}` in it.

    Only what belongs to a place is taken from there: settings of adapters, and addresses and budgets of nodes.
    """
    same = [path.split("/") for path, text in new.data.filled.items() if old.data.filled.get(path) == text]
    kept = {(steps[2], steps[3]) for steps in same if steps[:2] in (["spec", "inputs"], ["spec", "outputs"])}
    kept |= {(steps[2], steps[3]) for steps in same if steps[:2] == ["spec", "tables"]}
    own = {n.block: n for n in old.nodes if isinstance(n, SourceNode | OutputNode)}
    nodes = tuple(_node(n, own.get(n.block), {key for block, key in kept if block == n.block}) for n in new.nodes)
    homes = {(steps[2], steps[3]) for steps in same if steps[:2] == ["spec", "placement"] and steps[3] in _OF_NODES}
    before = {p.name: p for p in old.data.placements}
    placements = tuple(
        _placement(p, before.get(p.name), {key for name, key in homes if name == p.name}) for p in new.data.placements
    )
    return Plan(msgspec.structs.replace(new.data, nodes=nodes, placements=placements))


def _node(node: AnyNode, own: AnyNode | None, keys: set[str]) -> AnyNode:
    if not isinstance(node, SourceNode | OutputNode) or not isinstance(own, SourceNode | OutputNode):
        return node
    taken = {key: own.settings[key] for key in keys if key in own.settings and key in node.settings}
    return msgspec.structs.replace(node, settings={**node.settings, **taken})


def _placement(placement: Placement, own: Placement | None, keys: set[str]) -> Placement:
    if own is None:
        return placement
    # Who states no address is dialled where it listens.
    keys = keys | {"address"} if "listen" in keys and placement.address == placement.listen else keys
    return msgspec.structs.replace(placement, **{key: getattr(own, key) for key in keys})
