"""Rows of peers that may still change: up to where receiving links are certain, and what operators know of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode
from slac.runtime.operator import ENDED

Marks = dict[str, dict[str, int]]
"""Watermarks by node id, by what they mean."""


class Doubts:
    """Up to which time (µs) all rows of all peers have come, by receiving link, and what each node was told of it.

    `ENDED`: as far as the watermark. Only nodes behind a receiving link (`concerns`) may be asked about.
    """

    def __init__(self, plan: Plan, inner: Sequence[AnyNode]) -> None:
        self._certain = {n.id: ENDED for n in plan.nodes if isinstance(n, LinkInNode)}
        self._told = {n.id: ENDED for n in inner}
        self._links = {n.id: tuple(sorted(nx.ancestors(plan.graph, n.id) & self._certain.keys())) for n in inner}
        self._is_certain = True

    def concerns(self, node_id: str) -> bool:
        """Whether rows of a peer ever reach a node."""
        return bool(self._links[node_id])

    @property
    def links(self) -> Mapping[str, int]:
        """Up to where each receiving link is certain."""
        return self._certain

    def hear(self, link: str, certain: int) -> None:
        """A receiving link is certain up to here from now on."""
        self._certain[link] = certain
        self._count()

    def is_news(self, node_id: str) -> bool:
        """Whether a node has not been told yet how it is now."""
        return self._before(node_id) != self._told[node_id]

    def is_worse(self, node_id: str) -> bool:
        """Whether a node takes for certain what is so no more."""
        return self._before(node_id) < self._told[node_id]

    def tell(self, node_id: str) -> int | None:
        """How far all is certain in front of a node, where that is news to it; from now on it is not."""
        certain = self._before(node_id)
        if certain == self._told[node_id]:
            return None
        self._told[node_id] = certain
        return certain

    def snapshot(self) -> Marks:
        """All marks."""
        return {"certain": dict(self._certain), "doubted": dict(self._told)}

    def restore(self, marks: Mapping[str, Mapping[str, int]]) -> None:
        """Take over the marks of those links and nodes that are still there."""
        self._certain.update({i: m for i, m in marks["certain"].items() if i in self._certain})
        self._told.update({i: m for i, m in marks["doubted"].items() if i in self._told})
        self._count()

    def _before(self, node_id: str) -> int:
        return ENDED if self._is_certain else min(self._certain[link] for link in self._links[node_id])

    def _count(self) -> None:
        # Nearly always all is certain, and each node asks in each wave.
        self._is_certain = all(certain == ENDED for certain in self._certain.values())
