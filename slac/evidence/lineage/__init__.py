"""What rows consumed: derived from their ids, keys and times, or as the operator told it, for all kinds of nodes alike.

`consumed` is the one question; `closure` asks it again and again, up to where rows came in.
"""

# One file a kind; each registers itself with `consumed`.
from slac.evidence.lineage import audits, joins, patterns, rows, silence, traces, violations, windows
from slac.evidence.lineage.base import LOG, Consumed, consumed, edges_of
from slac.evidence.lineage.closure import Closure, closure
from slac.evidence.lineage.sight import LogRows, RowSource, Sight

__all__ = [
    "LOG",
    "Closure",
    "Consumed",
    "LogRows",
    "RowSource",
    "Sight",
    "audits",
    "closure",
    "consumed",
    "edges_of",
    "joins",
    "patterns",
    "rows",
    "silence",
    "traces",
    "violations",
    "windows",
]
