"""Sources, selections and joins carry only the columns that somebody reads.

Before: an input decodes all nine fields of its event. After: the two that a probe uses. What is declared stays known
to the source, so that a field which nobody reads does not count as an unknown one.
"""

from __future__ import annotations

from dataclasses import replace

from slac.compiler.columns import Wanted, narrowed, needs
from slac.compiler.draft import Draft, Found


def prune(draft: Draft) -> Found:
    """Walk from the readers up; a stream that nobody reads, or that a test looks at, keeps all its columns."""
    if draft.options.whole:
        return draft, []
    wanted: dict[str, Wanted] = {}
    nodes = []
    for node in reversed(draft.nodes):
        own = None if node.block in draft.options.seen else wanted.get(node.id)
        kept = node if own is None else narrowed(node, own)
        for upstream, need in zip(kept.inputs, needs(kept, own), strict=True):
            wanted[upstream] = _both(wanted[upstream], need) if upstream in wanted else need
        nodes.append(kept)
    return replace(draft, nodes=tuple(reversed(nodes))), []


def _both(one: Wanted, other: Wanted) -> Wanted:
    return None if one is None or other is None else one | other
