"""A layered layout: nodes in columns by their longest way from an input, and in one band for each placement.

An edge over several columns gets a slot in each of them, so that it runs between boxes and not across them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import networkx as nx

GAP: Final = 18.0
"""Points between two things of a column."""
_SLOT: Final = 6.0
_ROUNDS: Final = 6
Place: TypeAlias = tuple[str, int]
"""A node (or the slot of an edge, named `a>b`) and its column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where everything is: `column` and vertical `middle` by node, the middles that an edge passes, band heights."""

    column: Mapping[str, int]
    middle: Mapping[str, float]
    ways: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    band_heights: tuple[float, ...]


def lay_out(graph: nx.DiGraph[str], bands: Mapping[str, int], heights: Mapping[str, float]) -> Layout:
    """Places for the nodes of an acyclic graph, from the band of each (0, 1, …) and its height; middles count in it."""
    column = {n: i for i, generation in enumerate(nx.topological_generations(graph)) for n in sorted(generation)}
    proper, band = _with_slots(graph, column, bands)
    height = {place: heights.get(place[0], _SLOT) for place in proper}
    columns = _columns(graph, proper, band)
    for step in range(_ROUNDS):
        _reorder(columns, proper, forward=step % 2 == 0)
    middle = _settle(columns, proper, height, band)
    count = max(bands.values(), default=-1) + 1
    tops, band_heights = _extent(middle, height, band, count)
    inside = {place: y - tops[band[place]] for place, y in middle.items()}
    return Layout(
        column=column,
        middle={n: inside[n, column[n]] for n in graph},
        ways={(a, b): _way(a, b, column, inside) for a, b in graph.edges},
        band_heights=band_heights,
    )


def _with_slots(
    graph: nx.DiGraph[str], column: Mapping[str, int], bands: Mapping[str, int]
) -> tuple[nx.DiGraph[Place], dict[Place, int]]:
    """The graph with a slot wherever an edge passes a column; slots lie in the band of the edge's end."""
    proper: nx.DiGraph[Place] = nx.DiGraph()
    band = {(n, column[n]): bands[n] for n in graph}
    proper.add_nodes_from(band)
    for a, b in graph.edges:
        slots: list[Place] = [(f"{a}>{b}", i) for i in range(column[a] + 1, column[b])]
        band |= dict.fromkeys(slots, bands[b])
        nx.add_path(proper, [(a, column[a]), *slots, (b, column[b])])
    return proper, band


def _columns(
    graph: nx.DiGraph[str], proper: nx.DiGraph[Place], band: Mapping[Place, int]
) -> dict[tuple[int, int], list[Place]]:
    """What stands in each (band, column), at first in the order of the plan."""
    order = {n: i for i, n in enumerate(graph)}
    columns: dict[tuple[int, int], list[Place]] = {}
    for place in sorted(proper, key=lambda p: order.get(p[0], order.get(p[0].partition(">")[0], 0))):
        columns.setdefault((band[place], place[1]), []).append(place)
    return columns


def _reorder(columns: dict[tuple[int, int], list[Place]], proper: nx.DiGraph[Place], *, forward: bool) -> None:
    """Sort every column by the mean rank of its neighbours in the column before (or behind)."""
    rank = {place: i / len(places) + b for (b, _), places in columns.items() for i, place in enumerate(places)}
    for key in sorted(columns, key=lambda k: k[1], reverse=not forward):
        places = columns[key]
        wanted = {p: _mean((rank[n] for n in _neighbours(proper, p, forward=forward)), rank[p]) for p in places}
        places.sort(key=wanted.__getitem__)
        rank |= {place: i / len(places) + key[0] for i, place in enumerate(places)}


def _settle(
    columns: Mapping[tuple[int, int], Sequence[Place]],
    proper: nx.DiGraph[Place],
    height: Mapping[Place, float],
    band: Mapping[Place, int],
) -> dict[Place, float]:
    """Middles: near those of the neighbours in the same band, in the order of the column, without overlap."""
    middle = {place: 0.0 for places in columns.values() for place in places}
    for step in range(_ROUNDS + 1):
        forward = step % 2 == 0
        for key in sorted(columns, key=lambda k: k[1], reverse=not forward):
            near = {
                p: [middle[n] for n in _neighbours(proper, p, forward=forward) if band[n] == band[p]]
                for p in columns[key]
            }
            middle |= _stacked(columns[key], {p: _mean(near[p], middle[p]) for p in near}, height)
    return middle


def _stacked(
    places: Sequence[Place], wanted: Mapping[Place, float], height: Mapping[Place, float]
) -> dict[Place, float]:
    """Each as near to where it is wanted as those above it allow; then all together, to halve what is left."""
    found: dict[Place, float] = {}
    free = float("-inf")
    for place in places:
        found[place] = max(wanted[place], free + height[place] / 2)
        free = found[place] + height[place] / 2 + GAP
    shift = _mean((wanted[p] - found[p] for p in places), 0.0)
    return {p: y + shift for p, y in found.items()}


def _neighbours(proper: nx.DiGraph[Place], place: Place, *, forward: bool) -> Iterable[Place]:
    return proper.predecessors(place) if forward else proper.successors(place)


def _extent(
    middle: Mapping[Place, float], height: Mapping[Place, float], band: Mapping[Place, int], count: int
) -> tuple[list[float], tuple[float, ...]]:
    """The top and the height of every band."""
    spans = [
        [(middle[p] - height[p] / 2, middle[p] + height[p] / 2) for p in middle if band[p] == b] for b in range(count)
    ]
    tops = [min((top for top, _ in span), default=0.0) for span in spans]
    ends = [max((end for _, end in span), default=0.0) for span in spans]
    return tops, tuple(end - top for top, end in zip(tops, ends, strict=True))


def _way(a: str, b: str, column: Mapping[str, int], inside: Mapping[Place, float]) -> tuple[tuple[int, float], ...]:
    return tuple((i, inside[f"{a}>{b}", i]) for i in range(column[a] + 1, column[b]))


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else otherwise
