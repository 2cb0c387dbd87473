"""The blocks get an order in which each comes after what it reads; blocks that read themselves have none.

Before: `a: {from: b}`, `b: {from: a}`. After: `names/cycle: a -> b -> a`, once a circle, and both broken.
"""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from slac.compiler.draft import Draft, Found, breaking
from slac.compiler.reads import block_graph
from slac.diagnostics import Diagnostic, Related


def cycles(draft: Draft) -> Found:
    """Find circles, and put the other blocks into topological order (the document's order where that is free)."""
    graph = block_graph(draft)
    circles = [c for c in nx.strongly_connected_components(graph) if len(c) > 1 or graph.has_edge(*(tuple(c) * 2))]
    found = [_finding(draft, graph, circle) for circle in circles]
    broken = breaking(draft.broken, (n for c in circles for n in c))
    graph.remove_nodes_from([n for c in circles for n in c])
    place = {name: i for i, name in enumerate(draft.blocks)}
    order = tuple(nx.lexicographical_topological_sort(graph, key=place.__getitem__))
    return replace(draft, broken=broken, order=order), found


def _finding(draft: Draft, graph: nx.DiGraph[str], circle: set[str]) -> Diagnostic:
    path = _path(draft, graph.subgraph(circle))
    blocks = [draft.blocks[n] for n in path]
    return Diagnostic(
        code="names/cycle",
        summary=f"blocks read one another in a circle: {' -> '.join((*path, path[0]))}",
        span=blocks[0].span,
        path=blocks[0].path,
        details="each arrow points to the reader; a block cannot, not even by a detour, read what it makes",
        related=tuple(Related(b.span, f'"{b.name}" takes part') for b in blocks[1:]),
    )


def _path(draft: Draft, circle: nx.DiGraph[str]) -> list[str]:
    """The blocks of one circle in the order of flow, from the one that stands first in the document."""
    first = next(n for n in draft.blocks if n in circle)
    edges = nx.find_cycle(circle, source=first)
    path = [a for a, _ in edges]
    start = path.index(first) if first in path else 0
    return path[start:] + path[:start]
