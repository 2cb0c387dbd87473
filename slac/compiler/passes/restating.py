"""Audits, violations and joins whose rows may be said again must be able to run them again.

Before: an audit behind a window with `late: restate`, `retain: 1h`; `restate: 0`. After: `restate: 1h`, for that long
the audit keeps its rows. Where nothing upstream restates it stays 0 and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.plan.nodes import (
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LatestJoinNode,
    SelectNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)


def restating(draft: Draft) -> Found:
    """Tell every audit, violation and join for how long rows of its ports may be revised."""
    by_id, known = draft.by_id, dict[str, int]()
    nodes = tuple(
        msgspec.structs.replace(n, restate=_reach(n.id, by_id, known))
        if isinstance(n, AuditNode | ViolationNode | LatestJoinNode | IntervalJoinNode)
        else n
        for n in draft.nodes
    )
    return replace(draft, nodes=nodes), []


def _reach(start: str, by_id: Mapping[str, AnyNode], known: dict[str, int]) -> int:
    """For how long (µs) rows of a node may come again; 0 where they never do."""
    if start not in known:
        match by_id[start]:
            case WindowNode(late="restate", retain=retain):
                known[start] = retain
            case (
                SelectNode()
                | UnionNode()
                | AuditNode()
                | ViolationNode()
                | LatestJoinNode()
                | IntervalJoinNode() as node
            ):
                known[start] = max((_reach(i, by_id, known) for i in node.inputs if i in by_id), default=0)
            case _:
                # All others take what comes again as late, and say nothing twice.
                known[start] = 0
    return known[start]
