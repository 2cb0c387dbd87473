"""Which nodes a replay computes, and whose rows it takes as they were logged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec
import networkx as nx

from slac.diagnostics import UsageError, listed, suggest
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, SelectNode, SourceNode
from slac.plan.privacy import field_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SubPath:
    """The part of a plan that is run again. `plan` holds what is computed and what is given; the latter reads nothing.

    `given`: inner nodes whose rows are those that were logged, each with the sources and links behind it, whose
    watermarks it promises. `computed`: all others but those where rows come in.
    """

    plan: Plan
    given: Mapping[str, tuple[str, ...]]
    computed: frozenset[str]


def sub_path(part: Plan, logged: Collection[str], *, begin: str | None = None, end: str | None = None) -> SubPath:
    """From block `begin` to block `end` (all that is behind, all that is before, where one is not said).

    UsageError where there is no such block or way, or where rows that would be needed are not in the log.
    """
    between = _between(part, begin, end)
    computed: set[str] = set()
    given: set[str] = set()
    for node in reversed(part.nodes):
        if node.id in between or (node.id in given and not _is_at_hand(node, logged)):
            given.discard(node.id)
            if _is_rim(node):
                continue
            if is_sighted(node):
                given.add(node.id)
                continue
            computed.add(node.id)
            given.update(i for i in node.inputs if i not in between)
    _at_hand(part, given, logged)
    rims = {n.id for n in part.nodes if _is_rim(n)}
    behind = {i: tuple(sorted(nx.ancestors(part.graph, i) & rims)) for i in given}
    kept = computed | given | {i for c in computed for i in part[c].inputs if i in rims}
    nodes = tuple(_alone(n) if n.id in given else without_sight(n) for n in part.nodes if n.id in kept)
    return SubPath(
        plan=Plan(msgspec.structs.replace(part.data, nodes=nodes)),
        given={i: b for i, b in behind.items() if i not in rims},
        computed=frozenset(computed),
    )


def only(plan: Plan, nodes: Collection[str]) -> Plan:
    """The plan with these nodes alone."""
    return Plan(msgspec.structs.replace(plan.data, nodes=tuple(n for n in plan.nodes if n.id in nodes)))


def is_sighted(node: AnyNode) -> bool:
    """Whether a node judges by what no log holds: sensitive fields in clear."""
    return isinstance(node, SelectNode) and bool(node.sees) and not node.clear


def _between(part: Plan, begin: str | None, end: str | None) -> frozenset[str]:
    blocks = list(dict.fromkeys(n.block for n in part.nodes if not isinstance(n, LinkInNode)))
    for name in (begin, end):
        if name is not None and name not in blocks:
            hint = suggest(name, blocks)
            raise UsageError(f'no block "{name}" ran here; {hint or f"blocks: {listed(blocks, limit=20)}"}')
    nodes = {n.id for n in part.nodes}
    after = _reached(part, begin, nx.descendants) if begin is not None else nodes
    before = _reached(part, end, nx.ancestors) if end is not None else nodes
    if not after & before:
        raise UsageError(f'nothing leads from "{begin}" to "{end}"')
    return frozenset(after & before)


def _reached(part: Plan, block: str, way: object) -> set[str]:
    own = {n.id for n in part.nodes if n.block == block and not isinstance(n, LinkInNode)}
    return own.union(*(way(part.graph, i) for i in own))  # type: ignore[operator]


def _is_rim(node: AnyNode) -> bool:
    return isinstance(node, SourceNode | LinkInNode)


def _is_at_hand(node: AnyNode, logged: Collection[str]) -> bool:
    """Whether the rows of a node are in the log; what keeps the ids of what it reads can be made again."""
    return node.id in logged or _is_rim(node)


def _at_hand(part: Plan, given: Iterable[str], logged: Collection[str]) -> None:
    missing = sorted({part[i].block for i in given if not _is_at_hand(part[i], logged)})
    if missing:
        raise UsageError(
            f"rows of {listed(missing)} would be needed, and are not in the log: their conditions over sensitive "
            "fields cannot be asked again"
        )


def _alone(node: AnyNode) -> AnyNode:
    return msgspec.structs.replace(node, inputs=())


def without_sight(node: AnyNode) -> AnyNode:
    """No log holds columns in clear."""
    match node:
        case SourceNode(clear=(_, *_)):
            return msgspec.structs.replace(node, clear=())
        case SelectNode(clear=(_, *_), columns=columns):
            shown = tuple(c for c in columns or () if field_of(c.name) is None)
            return msgspec.structs.replace(node, clear=(), sees=(), columns=shown)
        case _:
            return node
