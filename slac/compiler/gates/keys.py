"""Which inputs drop by whole keys, by which columns, and which of them must use one threshold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from slac.compiler.gates.wishes import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """An input that drops by key: its columns, whether they are a trace id, and the name that its gates share.

    `explicit`: all of them read what spans say of the randomness of their traces, so they can go by it.
    `columns` is empty where the blocks that it feeds have no key in common: of such an input nothing can be dropped.
    """

    columns: tuple[str, ...]
    trace: bool
    explicit: bool
    shared: str
    because: str


def keyed(wishes: Iterable[Wish]) -> dict[str, Keyed]:
    """By input. Blocks that have an input in common belong together, and all their inputs do."""
    asking = [w for w in wishes if w.keys is not None]
    graph: nx.Graph[str] = nx.Graph()
    for wish in asking:
        graph.add_edge(f"node {wish.node}", f"source {wish.source}")
    found: dict[str, Keyed] = {}
    for component in nx.connected_components(graph):
        group = [w for w in asking if f"node {w.node}" in component]
        found |= _of_group(group)
    return found


def _of_group(group: Sequence[Wish]) -> dict[str, Keyed]:
    """By the fewest columns that any of the blocks has: whole keys of these are whole keys of the others too."""
    name = min(w.block for w in group)
    sources = sorted({w.source for w in group})
    by_node: dict[str, dict[str, set[tuple[str, ...]]]] = {}
    for wish in group:
        by_node.setdefault(wish.node, {}).setdefault(wish.source, set()).add(wish.keys or ())
    chosen = _coarsest(by_node, sources)
    trace = chosen is not None and all(w.trace for w in group)
    explicit = trace and all(w.sampled for w in group)
    because = f'"{name}"'
    return {
        s: Keyed(
            columns=chosen[s] if chosen is not None else (),
            trace=trace,
            explicit=explicit,
            shared=name,
            because=because,
        )
        for s in sources
    }


def _coarsest(
    by_node: Mapping[str, Mapping[str, set[tuple[str, ...]]]], sources: Sequence[str]
) -> dict[str, tuple[str, ...]] | None:
    for node in sorted(by_node, key=lambda n: (min(len(k) for ks in by_node[n].values() for k in ks), n)):
        own = by_node[node]
        if set(own) != set(sources) or any(len(keys) != 1 or () in keys for keys in own.values()):
            continue
        chosen = {source: next(iter(keys)) for source, keys in own.items()}
        others = ((source, key) for other in by_node.values() for source, keys in other.items() for key in keys)
        if all(set(chosen[source]) <= set(key) for source, key in others):
            return chosen
    return None
