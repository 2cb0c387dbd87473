"""What decomposes is computed where its rows are, as partials, and finished where its results are read.

Before: a window on `edge` that `central` reads. After: `name.partial` on edge, and `name`, now the final, on central;
blocks of edge that read it follow it there, because only there are the rows those of one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

import msgspec
import networkx as nx
import polars as pl

from slac.compiler.draft import Draft, Found
from slac.compiler.passes.ways import way
from slac.compiler.reads import kind_of
from slac.diagnostics import Diagnostic, Severity
from slac.plan.aggregates import follows_order, partial_schema
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LatestJoinNode,
    PatternNode,
    StepsNode,
    TracesNode,
    WindowNode,
    is_table,
)
from slac.stream.batch import META
from slac.stream.types import AnyType, Bool, Duration, Field, Float, Int, List, Schema, String, Struct, Timestamp


@dataclass(slots=True)
class _Splitter:
    """The walk over the blocks: where each runs by now, which have left their stated node, and the nodes so far."""

    draft: Draft
    homes: dict[str, str]
    dials: dict[str, str | None]
    readers: nx.DiGraph[str]
    done: dict[str, AnyNode] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)

    def take(self, block: str, group: list[AnyNode]) -> None:
        """Place the nodes of one block, the last of which is its stream."""
        *chain, last = group
        outside = {i for n in group for i in n.inputs if i not in {g.id for g in group}}
        self._follow(block, outside)
        home, origins = self.homes[block], {self.done[i].node for i in outside if not is_table(self.done[i])}
        match last:
            case WindowNode() | AbsenceNode():
                self._windowed(block, chain, last, origins)
            case _:
                self._put(home, *group)
                if isinstance(last, AuditNode | PatternNode) or any(map(_meets_others, group)):
                    self._note_instances(block, home)

    def _follow(self, block: str, outside: set[str]) -> None:
        """A block moves with a stream that has left its node."""
        home = self.homes[block]
        gone = sorted(self.done[i].block for i in outside if self.left.get(self.done[i].block) == home)
        if gone:
            self.homes[block] = self.done[gone[0]].node
            self.left[block] = home
            self.found.append(_moved(self.draft, block, gone[0], home, self.homes[block]))

    def _windowed(self, block: str, chain: list[AnyNode], last: WindowNode | AbsenceNode, origins: set[str]) -> None:
        home = self.homes[block]
        origin = next(iter(origins)) if len(origins) == 1 else home
        if origin != home and way(self.dials, origin, home):
            self._split(chain, last, origin, home)
        elif origins == {home} and self.dials.get(home) is not None:
            reader = self._first_reader_elsewhere(block, home)
            if reader is None:
                self._put(home, *chain, last)
                self._note_instances(block, home)
                return
            self._split(chain, last, home, reader)
            self.homes[block], self.left[block] = reader, home
            if isinstance(last, WindowNode) and not last.is_divisible:
                self.found.append(_whole(self.draft, block, home, reader))
        else:
            self._put(home, *chain, last)

    def _first_reader_elsewhere(self, block: str, home: str) -> str | None:
        below = nx.descendants(self.readers, block)
        return next((self.homes[b] for b in self.homes if b in below and self.homes[b] != home), None)

    def _split(self, chain: list[AnyNode], last: WindowNode | AbsenceNode, origin: str, home: str) -> None:
        """A partial where the rows are, one more on each node on the way to `home`, and the final there."""
        *before, final = _parts(last)
        self._put(origin, *chain, *before)
        for relay in way(self.dials, origin, home)[:-1] if before else ():
            merged = _merged(before[0], final.inputs, relay)
            if merged is not None:
                self._put(relay, merged)
                final = msgspec.structs.replace(final, inputs=(merged.id,))
        self._put(home, final)

    def _put(self, home: str, *nodes: AnyNode) -> None:
        for node in nodes:
            self.done[node.id] = msgspec.structs.replace(node, node=home)

    def _note_instances(self, block: str, home: str) -> None:
        if self.dials.get(home) is not None:
            self.found.append(_per_instance(self.draft, block, home))


def split(draft: Draft) -> Found:
    """Split windows and absences between the node of their rows and the node of their readers."""
    by_id = draft.by_id
    readers: nx.DiGraph[str] = nx.DiGraph()
    readers.add_nodes_from(draft.blocks)
    readers.add_edges_from(
        (by_id[i].block, n.block) for n in draft.nodes for i in n.inputs if by_id[i].block != n.block
    )
    homes = {b: draft.homes[b] for b in draft.order if b in draft.homes}
    splitter = _Splitter(draft, homes, {p.name: p.connect for p in draft.placements}, readers)
    for block, group in groupby(draft.nodes, key=lambda n: n.block):
        splitter.take(block, list(group))
    return replace(draft, nodes=tuple(splitter.done.values()), homes=splitter.homes), splitter.found


def _meets_others(node: AnyNode) -> bool:
    """Whether what becomes of a row depends on other rows, which another instance may have."""
    if isinstance(node, LatestJoinNode):
        return not node.table
    return isinstance(node, IntervalJoinNode | StepsNode | TracesNode)


def _parts(node: WindowNode | AbsenceNode) -> Iterator[AnyNode]:
    """The partial and the final of a whole node; itself, where it needs all rows of a key in one place."""
    if isinstance(node, WindowNode) and not node.is_divisible:
        yield node
        return
    role: Literal["partial"] = "partial"
    partial_id = f"{node.id}.partial"
    if isinstance(node, WindowNode):
        schema = _carried(node)
        yield msgspec.structs.replace(node, id=partial_id, role=role, schema=schema, project=(), then=(), fill=False)
    else:
        yield msgspec.structs.replace(node, id=partial_id, role=role, schema=Schema(_keys(node)))
    yield msgspec.structs.replace(node, role="final", inputs=(partial_id,))


def _merged(partial: AnyNode, inputs: tuple[str, ...], relay: str) -> AnyNode | None:
    """What makes one partial row of those that meet on the node `relay`; None where they pass it as they are."""
    made_id = f"{partial.id}.on.{relay}"
    match partial:
        case WindowNode():
            if follows_order(partial.aggregates):
                return None  # samples of one series from several instances must be seen as such by the final
            return msgspec.structs.replace(partial, id=made_id, role="merged", inputs=inputs)
        case _:
            return msgspec.structs.replace(partial, id=made_id, inputs=inputs)


def _keys(node: WindowNode | AbsenceNode) -> tuple[Field, ...]:
    return tuple(node.schema[k] for k in node.keys)


def _carried(node: WindowNode) -> Schema:
    """Keys and the parts of each aggregate; meta columns are not part of a schema."""
    keys = _keys(node)
    parts = partial_schema({}, node.aggregates)
    return Schema((*keys, *(Field(n, _language_type(t)) for n, t in parts.items() if n not in META)))


def _language_type(dtype: pl.DataType) -> AnyType:
    """The nearest type of the language; the exact sums of partials are wider integers than it has."""
    match dtype:
        case pl.Boolean():
            return Bool()
        case pl.Float64():
            return Float()
        case pl.String():
            return String()
        case pl.Datetime():
            return Timestamp()
        case pl.Duration():
            return Duration()
        case pl.Struct():
            return Struct(tuple(Field(f.name, _language_type(f.dtype)) for f in dtype.fields))  # type: ignore[arg-type]
        case pl.List():
            return List(_language_type(dtype.inner))  # type: ignore[arg-type]
        case _:
            return Int()


def _whole(draft: Draft, block: str, home: str, target: str) -> Diagnostic:
    why = f'its window needs all rows of a key, which may come from several instances of "{home}"'
    return _elsewhere(draft, block, home, target, why)


def _moved(draft: Draft, block: str, stream: str, home: str, target: str) -> Diagnostic:
    why = f'it reads "{stream}", whose partials of all instances of "{home}" are merged on "{target}"'
    return _elsewhere(draft, block, home, target, why)


def _elsewhere(draft: Draft, block: str, home: str, target: str, why: str) -> Diagnostic:
    summary = f'the {kind_of(draft.blocks[block])} "{block}" runs on "{target}", not on "{home}"'
    return _note(draft, block, "placement/moved", summary, why)


def _per_instance(draft: Draft, block: str, home: str) -> Diagnostic:
    summary = f'each instance of "{home}" runs the {kind_of(draft.blocks[block])} "{block}" over its own rows only'
    details = "where several instances share keys, place it on the node that they connect to"
    return _note(draft, block, "placement/per-instance", summary, details)


def _note(draft: Draft, block: str, code: str, summary: str, details: str) -> Diagnostic:
    decl = draft.blocks[block]
    return Diagnostic(
        code=code, severity=Severity.NOTE, summary=summary, span=decl.span, path=decl.path, details=details
    )
