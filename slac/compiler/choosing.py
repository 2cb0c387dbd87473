"""Where blocks run that the document leaves to the compiler (`blocks: [auto]`): the fewest bytes over links, in budget.

Nodes that say `auto` stand in a row, each connecting to the next. A block's level is how many links its rows are from
the last node; what reads it has no higher level. Bytes over links are then a cut of a graph with one copy of each block
a link, and the cheapest cut is a minimum cut (networkx). What a level may use is a price on its CPU, raised until the
level fits: the multiplier of a Lagrangian. Everything is computed for the machine of the shipped calibration, so that
a document means the same wherever it is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import networkx as nx

from slac.compiler.draft import Draft
from slac.compiler.passes.ways import way
from slac.plan.graph import Budget, Placement, Plan, PlanData
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    LateNode,
    OutputNode,
    SelectNode,
    SourceNode,
    UnionNode,
    WindowNode,
)
from slac.shedding.budget import resolve_budget
from slac.shedding.capacity.calibration import shipped_calibration
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.walk import walk

_ALL: Final = "all"
_ROUNDS: Final = 24
"""So often a price is raised; each time to half as much again."""
PASSES: Final = 0.5
"""The share of rows that a filter is taken to let pass: that it lets all pass would leave it where it saves nothing."""
_PREFER_LAST: Final = 1e-6
"""Bytes a second that any block costs away from the last node: where nothing else speaks, an edge is left alone."""

_Copy = tuple[str, int]
"""A block and a level: on the side of the source where the block's level is at least this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movable:
    """One block: bytes a second of its stream, CPU in cores, and the levels it may have, lowest and highest."""

    bytes: float
    cores: float
    lowest: int
    highest: int
    ends_level: bool
    """Its rows are made one where it is read, so what reads it stands at least a level lower."""


def chosen(
    draft: Draft, row: Sequence[Placement], pinned: Mapping[str, str], dials: Mapping[str, str | None]
) -> dict[str, str]:
    """The node of each block that is not in `pinned`. `row`: the nodes that say `auto`, from the edge to the last.

    `dials`: what each node connects to. What is placed on a node beside the row can be read from where that one's
    streams meet the row.
    """
    top = len(row) - 1
    levels = {p.name: top - place for place, p in enumerate(row)}
    levels |= {name: _meets(name, levels, dials) for name in dials if name not in levels}
    blocks = _movable(draft, pinned, levels, top)
    reads = [(a, b) for a, b in _reads(draft) if a in blocks and b in blocks]
    prices = dict.fromkeys(range(top + 1), 0.0)
    found = _levels(blocks, reads, top, prices)
    for _ in range(_ROUNDS):
        over = _over(blocks, found, row, top)
        if not over:
            break
        for level, share in over.items():
            prices[level] = max(prices[level] * 1.5, _start(blocks) * share)
        found = _levels(blocks, reads, top, prices)
    return {name: row[top - level].name for name, level in found.items() if name not in pinned}


def _meets(name: str, levels: Mapping[str, int], dials: Mapping[str, str | None]) -> int:
    """The level of the first node of the row on the way from `name`; where none is, that of the last node."""
    ways = {node: way(dials, name, node) for node in levels}
    found = [node for node, steps in ways.items() if steps]
    return levels[min(found, key=lambda node: len(ways[node]))] if found else 0


def _movable(draft: Draft, pinned: Mapping[str, str], levels: Mapping[str, int], top: int) -> dict[str, Movable]:
    plan = Plan(
        PlanData(
            document=draft.document.name,
            nodes=tuple(msgspec.structs.replace(n, node=_ALL) for n in draft.nodes),
            placements=(Placement(name=_ALL, budget=Budget()),),
        )
    )
    walked = walk(plan, shipped_calibration(), Scene())
    shares = _shares(draft.nodes)
    found: dict[str, Movable] = {}
    for name in dict.fromkeys(n.block for n in draft.nodes):
        nodes = [n for n in draft.nodes if n.block == name]
        flow = walked.loads[nodes[-1].id].flow
        if name in pinned:
            lowest = highest = levels[pinned[name]]
        else:
            lowest, highest = _range(nodes, top)
        found[name] = Movable(
            bytes=flow.rate * flow.row_bytes * shares[nodes[-1].id],
            cores=sum(walked.uses[n.id].cores for n in nodes),
            lowest=lowest,
            highest=highest,
            ends_level=isinstance(nodes[-1], WindowNode | AbsenceNode),
        )
    return found


def _shares(nodes: Sequence[AnyNode]) -> dict[str, float]:
    """The share of its rows that each stream is taken to have, by the filters that they have passed."""
    shares: dict[str, float] = {}
    for node in nodes:
        before = max((shares[i] for i in node.inputs), default=1.0)
        match node:
            case SelectNode(where=where):
                shares[node.id] = before if where is None else before * PASSES
            case UnionNode():
                shares[node.id] = before
            case _:
                shares[node.id] = 1.0
    return shares


def _range(nodes: Sequence[AnyNode], top: int) -> tuple[int, int]:
    """Inputs stand where their data is, and so does who sees it in clear; what needs all rows of a key, at the end."""
    match nodes[-1]:
        case SourceNode():
            return top, top
        case OutputNode():
            return 0, 0
        case SelectNode(sees=(_, *_)):
            return top, top
    return (0, top) if all(map(_is_shared_out, nodes)) else (0, 0)


def _is_shared_out(node: AnyNode) -> bool:
    """Whether several instances can do it, each for its own rows."""
    match node:
        case SelectNode() | UnionNode() | AbsenceNode():
            return True
        case WindowNode():
            return node.is_divisible
        case LateNode():
            return False
        case _:
            return False


def _reads(draft: Draft) -> Iterable[tuple[str, str]]:
    by_id = draft.by_id
    pairs = ((by_id[i].block, n.block) for n in draft.nodes for i in n.inputs)
    return dict.fromkeys((a, b) for a, b in pairs if a != b)


def _levels(
    blocks: Mapping[str, Movable], reads: Sequence[tuple[str, str]], top: int, prices: Mapping[int, float]
) -> dict[str, int]:
    """The level of each block in a minimum cut."""
    graph: nx.DiGraph[object] = nx.DiGraph()
    graph.add_nodes_from(("source", "sink"))
    for name, block in blocks.items():
        for level in range(1, top + 1):
            copy: _Copy = (name, level)
            graph.add_node(copy)
            if level <= block.lowest:
                graph.add_edge("source", copy)
            if level > block.highest:
                graph.add_edge(copy, "sink")
            if level > 1:
                graph.add_edge(copy, (name, level - 1))
            _price(graph, copy, block.cores * (prices[level] - prices[level - 1]) + _PREFER_LAST)
    for name in {a for a, _ in reads}:
        readers = [b for a, b in reads if a == name]
        for level in range(1, top + 1):
            # The stream crosses the link below this level once, if any reader is on its other side.
            crossing = ("stream", name, level)
            graph.add_edge((name, level), crossing, capacity=blocks[name].bytes)
            for reader in readers:
                graph.add_edge(crossing, (reader, level))
                ahead = level + 1 if blocks[name].ends_level else level
                _never(graph, (reader, level), (name, ahead) if ahead <= top else "sink")
    _, (near, _) = nx.minimum_cut(graph, "source", "sink")
    return {name: sum((name, level) in near for level in range(1, top + 1)) for name in blocks}


def _never(graph: nx.DiGraph[object], near: object, far: object) -> None:
    """No cut may part these two: an edge without a capacity has an infinite one."""
    graph.add_edge(near, far)
    graph.edges[near, far].pop("capacity", None)


def _price(graph: nx.DiGraph[object], copy: _Copy, cost: float) -> None:
    """What it costs to be on the side of the source; less than nothing is a cost of the other side."""
    ends = (copy, "sink") if cost > 0 else ("source", copy)
    if not graph.has_edge(*ends):
        graph.add_edge(*ends, capacity=abs(cost))


def _over(
    blocks: Mapping[str, Movable], found: Mapping[str, int], row: Sequence[Placement], top: int
) -> dict[int, float]:
    """The levels that use more CPU than they may, with how many times as much."""
    machine = shipped_calibration().machine
    over: dict[int, float] = {}
    for level in range(top + 1):
        used = sum(block.cores for name, block in blocks.items() if found[name] == level)
        may = resolve_budget(row[top - level].budget, machine).cpu_cores
        if used > may:
            over[level] = used / may
    return over


def _start(blocks: Mapping[str, Movable]) -> float:
    """A price (bytes a second for a core) at which CPU and traffic of the whole document weigh the same, by a tenth."""
    cores = sum(b.cores for b in blocks.values())
    return 0.1 * sum(b.bytes for b in blocks.values()) / cores if cores else 1.0
