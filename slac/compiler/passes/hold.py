"""Audits and violations behind windows that may close without a peer must be able to run rows again when it is back.

Before: an audit behind a window whose rows come over a link, or behind one over such windows; `hold: 0`. After:
`hold: 24h`, the `retain` of the window, which keeps what it said without a peer for so long. Where no peer is missed it
costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.plan.nodes import AnyNode, AuditNode, LinkInNode, SelectNode, UnionNode, ViolationNode, WindowNode


def hold(draft: Draft) -> Found:
    """Tell every audit and violation for how long windows wait for a peer that could not be reached."""
    by_id = draft.by_id
    nodes = tuple(
        msgspec.structs.replace(n, hold=max(_waits(i, by_id) for i in n.inputs))
        if isinstance(n, AuditNode | ViolationNode)
        else n
        for n in draft.nodes
    )
    return replace(draft, nodes=nodes), []


def _waits(start: str, by_id: Mapping[str, AnyNode]) -> int:
    """For how long (µs) a row may come again because a peer was missed; 0 where it never does."""
    match by_id[start]:
        case WindowNode(inputs=(upstream,), window=window, retain=retain) if window.is_shared:
            return retain if _crosses(upstream, by_id) or _waits(upstream, by_id) else 0
        case SelectNode() | UnionNode() | AuditNode() | ViolationNode() as node:
            return max((_waits(i, by_id) for i in node.inputs), default=0)
        case _:
            return 0


def _crosses(start: str, by_id: Mapping[str, AnyNode]) -> bool:
    """Whether rows come over a link, row by row as they were sent."""
    match by_id[start]:
        case LinkInNode():
            return True
        case SelectNode() | UnionNode() as node:
            return any(_crosses(i, by_id) for i in node.inputs)
        case _:
            return False
