"""Audits, violations and joins whose rows may be said again must be able to run them again.

Before: an audit behind a window with `late: restate`, `retain: 1h`; `restate: 0`. After: `restate: 1h`, for that long
the audit keeps its rows. Where nothing upstream restates it stays 0 and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Related, Severity
from slac.language.durations import format_duration
from slac.plan.nodes import (
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LatestJoinNode,
    PatternNode,
    SelectNode,
    StepsNode,
    TracesNode,
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
    found = (_taken_as_late(n, i, draft, known) for n in draft.nodes for i in n.inputs if i in by_id)
    return replace(draft, nodes=nodes), [d for d in found if d is not None]


def _taken_as_late(node: AnyNode, upstream: str, draft: Draft, known: dict[str, int]) -> Diagnostic | None:
    """The finding that what a node makes of a row stays, although the row may come again."""
    match node:
        case WindowNode():
            what = "its windows keep what they had counted"
        case PatternNode():
            what = "a match that has been told stays"
        case TracesNode() | StepsNode():
            what = "what has been told stays"
        case _:
            return None
    reach = _reach(upstream, draft.by_id, known)
    if not reach or node.block in draft.broken:
        return None
    block, source = draft.blocks[node.block], draft.blocks[draft.by_id[upstream].block]
    return Diagnostic(
        code="windows/restated",
        severity=Severity.WARNING,
        summary=f'"{block.name}" takes what "{source.name}" says again as late rows: {what}',
        span=block.span,
        path=block.path,
        suggestion="leave `late: restate` out upstream, or read the stream with an audit, a violation or a join",
        details=f"rows of it may come again for {format_duration(reach)}",
        related=(Related(source.span, f'"{source.name}" is declared here'),),
    )


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
