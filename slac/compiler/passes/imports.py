"""Of what is imported, only what the document uses stays: a library of thirty rules costs no more than the one in use.

Before: `kube.cpu_usage`, `kube.high_cpu`, of which an output publishes `kube.high_cpu`. After: both, because the one
reads the other; but not `kube.low_memory`, which nothing of the document reads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import networkx as nx

from slac.compiler.draft import Draft, Found
from slac.compiler.reads import block_graph

_KINDS: Final = ("inputs", "probes", "computations", "audits", "violations")


def imports(draft: Draft) -> Found:
    """Leave out imported blocks that no block of the document's own reads, and that are not placed by name."""
    if not draft.document.imported:
        return draft, []
    graph = block_graph(draft)
    placed = {r.name for p in draft.document.placement for r in p.blocks}
    own = {name for name in draft.blocks if "." not in name or name in placed}
    used = own.union(*(nx.ancestors(graph, name) for name in own))
    kept = {kind: tuple(b for b in getattr(draft.document, kind) if b.name in used) for kind in _KINDS}
    return (
        replace(
            draft,
            document=replace(draft.document, **kept),  # type: ignore[arg-type]
            order=tuple(n for n in draft.order if n in used),
            nodes=tuple(n for n in draft.nodes if n.block in used),
        ),
        [],
    )
