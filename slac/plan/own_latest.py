"""Latest-joins of a stream with a running window of that same stream: each row against those of its key before it.

Both sides are the same rows, so that a runtime knows what each row meets while it works on the window: it needs neither
to look for the latest row nor to say rows of the window that nobody else reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from slac.plan.aggregates import family
from slac.plan.aggregation.additive import additive
from slac.plan.aggregation.peaks import peak
from slac.plan.expressions import AggregateCall
from slac.plan.nodes import AnyNode, LatestJoinNode, WindowNode

__all__ = ["is_keyed", "is_own", "own_latest"]


def own_latest(nodes: Iterable[AnyNode]) -> dict[str, str]:
    """The ids of these joins, each with that of its window; both must be among the nodes."""
    known = {node.id: node for node in nodes}
    found = {}
    for node in known.values():
        if isinstance(node, LatestJoinNode) and is_own(node, known.get(node.inputs[1])):
            found[node.id] = node.inputs[1]
    return found


def is_own(join: LatestJoinNode, right: AnyNode | None) -> bool:
    """Whether the right side is a running window of the left side, by the same keys, and neither says rows again."""
    if not isinstance(right, WindowNode) or right.window.kind != "running" or right.role != "whole":
        return False
    if right.inputs != join.inputs[:1] or set(right.keys) != set(join.by) or not join.by:
        return False
    named = {one.name for one in (*right.project, *right.then)}
    if right.late != "drop" or join.restate or join.table or not join.strict or named & set(right.keys):
        return False
    return is_keyed(right.aggregates)


def is_keyed(calls: Iterable[AggregateCall]) -> bool:
    """Whether all calls are made of sums and extremes alone, which can be kept in columns."""
    return all(additive(family(c), c) is not None or peak(family(c), c) is not None for c in calls)
