"""What stands before a node: the window that its rows come from, and the inputs that all of it comes from."""

from __future__ import annotations

from collections.abc import Mapping

from slac.plan.nodes import AnyNode, LatestJoinNode, SelectNode, SourceNode, WindowNode


def window_before(by_id: Mapping[str, AnyNode], start: str) -> WindowNode | None:
    """The window whose rows `start` gives, changed row by row at most."""
    node = by_id[start]
    while isinstance(node, SelectNode | LatestJoinNode):
        node = by_id[node.inputs[0]]
    return node if isinstance(node, WindowNode) else None


def sources_before(by_id: Mapping[str, AnyNode], start: str) -> tuple[SourceNode, ...]:
    """The inputs behind a node, in the order in which they are met."""
    seen, open_ids, found = {start}, [start], []
    while open_ids:
        node = by_id[open_ids.pop()]
        if isinstance(node, SourceNode):
            found.append(node)
        more = [i for i in node.inputs if i not in seen]
        seen.update(more)
        open_ids += more
    return tuple(found)
