"""Which nodes of a runtime are logged, and how much of each.

A block is logged by the rows that it gives out. Of the nodes within a block those are logged, too, that make ids of
their own: all others keep the ids and the order of what they read, so that their rows can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slac.plan.graph import Logging, Plan
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LateNode,
    LinkInNode,
    LinkOutNode,
    OutputNode,
    PatternNode,
    SelectNode,
    SourceNode,
    TracesNode,
    ViolationNode,
    WindowNode,
)
from slac.runtime.recorder import LogMode

_MAKES_IDS: Final = (
    SourceNode
    | LinkInNode
    | WindowNode
    | LateNode
    | TracesNode
    | PatternNode
    | IntervalJoinNode
    | AuditNode
    | ViolationNode
    | AbsenceNode
)
_GIVES_NOTHING: Final = OutputNode | LinkOutNode


def logged_nodes(part: Plan) -> frozenset[str]:
    """Nodes of a runtime's plan whose rows a log holds."""
    exits = {node.block: node.id for node in part.nodes if not isinstance(node, _GIVES_NOTHING)}
    return frozenset([*exits.values(), *(node.id for node in part.nodes if makes_ids(node))])


def makes_ids(node: AnyNode) -> bool:
    """Whether rows of a node have other ids than what it reads."""
    return isinstance(node, _MAKES_IDS) or (isinstance(node, SelectNode) and node.reid)


def modes_of(part: Plan, mode: LogMode, logging: Logging) -> Mapping[str, LogMode]:
    """How much of each node is logged when the document says `mode`; a block's own word wins over it."""
    nodes = logged_nodes(part)
    modes = {node.id: logging.blocks.get(node.block, mode) for node in part.nodes if node.id in nodes}
    return {node: chosen for node, chosen in modes.items() if chosen != "off"}


def verdict_nodes(part: Plan) -> frozenset[str]:
    """Nodes that say what evidence is kept for."""
    return frozenset(
        node.id
        for node in part.nodes
        if isinstance(node, AuditNode | ViolationNode) or (isinstance(node, AbsenceNode) and node.role != "partial")
    )
