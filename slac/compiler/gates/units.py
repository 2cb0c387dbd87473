"""What the gates before a window drop: single events, or keys and windows as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from slac.compiler.gates.hoist import Way, plain_column, ways
from slac.plan.expressions import Column
from slac.plan.nodes import AnyNode, PatternNode, SelectNode, SourceNode, TracesNode, WindowNode
from slac.plan.shedding import GateSpec

Units: TypeAlias = Literal["events", "whole", "keys"]


def units_of(node: WindowNode, by_id: Mapping[str, AnyNode], gates: Mapping[str, GateSpec]) -> Units:
    """Of the rows of a window: the least that can be said of all gates behind it."""
    found = {_of_way(node, way, gates[way.source.id]) for way in ways(by_id, node.inputs[0]) if way.source.id in gates}
    if not found and _is_keyed(node, by_id, gates):
        return "whole" if _has_keys_of_pattern(node, by_id) else "keys"
    if not found or found == {"events"}:
        return "events"
    return "whole" if found == {"whole"} else "keys"


def together_of(node: WindowNode, by_id: Mapping[str, AnyNode]) -> int:
    """How many rows of a result at most are kept or dropped together by samplers before."""
    return max((w.source.sampled.spans for w in ways(by_id, node.inputs[0]) if w.source.sampled is not None), default=1)


def _of_way(node: WindowNode, way: Way, gate: GateSpec) -> Units:
    columns = {plain_column(way, key) for key in node.keys}
    trace = way.source.sampled.trace if way.source.sampled is not None else None
    if trace in columns and (not gate.key or set(gate.key) <= columns):
        return "whole"
    if trace is not None and gate.key == (trace,):
        # How many spans of a trace a result has is known, so its interval is, too.
        return "events"
    if gate.key:
        return "whole" if set(gate.key) <= columns else "keys"
    if gate.windows is None:
        return "events"
    size, _ = gate.windows
    fits = node.window.kind in ("tumbling", "hopping") and node.window.size and size % node.window.size == 0
    return "whole" if fits and node.window.every in (0, node.window.size, gate.windows[1]) else "keys"


def _is_keyed(node: WindowNode, by_id: Mapping[str, AnyNode], gates: Mapping[str, GateSpec]) -> bool:
    return any(gates[s].key or gates[s].windows for s in _sources(node.inputs[0], by_id) if s in gates)


def _has_keys_of_pattern(node: WindowNode, by_id: Mapping[str, AnyNode]) -> bool:
    """Whether the rows are matches of a pattern, and results of whole keys of it."""
    source = by_id[node.inputs[0]]
    while isinstance(source, SelectNode) and source.columns is None:
        source = by_id[source.inputs[0]]
    if not isinstance(source, PatternNode):
        return False
    kept = {c.expr.name for c in source.columns if isinstance(c.expr, Column) and c.name in node.keys}
    return set(source.keys) <= kept | (set(node.keys) & set(source.keys))


def _sources(node_id: str, by_id: Mapping[str, AnyNode]) -> Iterator[str]:
    """The inputs whose weights reach the rows of a node; a trace is one row of one key, and so by itself."""
    node = by_id[node_id]
    match node:
        case SourceNode():
            yield node.id
        case WindowNode() if node.window.kind == "session":
            yield from _sources(node.inputs[0], by_id)
        case WindowNode() | TracesNode():
            return
        case _:
            for upstream in node.inputs:
                yield from _sources(upstream, by_id)
