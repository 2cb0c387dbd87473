"""Windows that an audit reads also close for keys that had no rows.

Before: a window that is an audit's `from`, `fill: false`. After: `fill: true`, so that the audit hears of silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.plan.nodes import AnyNode, AuditNode, SelectNode, WindowNode


def fill(draft: Draft) -> Found:
    """Mark the window behind port 0 of every audit, through row-wise selections; all keys must have the same."""
    by_id = draft.by_id
    marked = {i for n in draft.nodes if isinstance(n, AuditNode) for i in _windows(by_id, n.inputs[0])}
    nodes = tuple(msgspec.structs.replace(n, fill=True) if n.id in marked else n for n in draft.nodes)
    return replace(draft, nodes=nodes), []


def _windows(by_id: Mapping[str, AnyNode], start: str) -> set[str]:
    match by_id[start]:
        case SelectNode(inputs=(upstream,)):
            return _windows(by_id, upstream)
        case WindowNode(window=window) if window.is_shared:
            return {start}
        case _:
            return set()
