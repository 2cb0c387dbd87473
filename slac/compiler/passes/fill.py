"""Windows that an audit reads also close for keys that had no rows.

Before: a window that is an audit's `from`, `fill: false`. After: `fill: true`, so that the audit hears of silence. What
stands between them gives a row for each row at most: selections, and joins with the latest row or a table, where a row
of a silent key is looked up like any other. Behind an interval join a row is a pair, of which there is none.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.compiler.upstream import window_before
from slac.plan.nodes import AuditNode


def fill(draft: Draft) -> Found:
    """Mark the window behind port 0 of every audit, where all keys have the same windows."""
    by_id = draft.by_id
    read = [window_before(by_id, n.inputs[0]) for n in draft.nodes if isinstance(n, AuditNode)]
    marked = {w.id for w in read if w is not None and w.window.is_shared}
    nodes = tuple(msgspec.structs.replace(n, fill=True) if n.id in marked else n for n in draft.nodes)
    return replace(draft, nodes=nodes), []
