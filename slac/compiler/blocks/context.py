"""What lowering a block may ask for: the streams it reads, columns by name, a place for findings."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import networkx as nx

from slac.compiler.draft import Draft, EventType, emitted, merged, type_node
from slac.compiler.reads import block_graph, reads
from slac.compiler.series import SERIES, series_of
from slac.diagnostics import Diagnostic, Span, listed, nearest, suggest
from slac.language.document import BlockDecl
from slac.language.terms import Ref, Sql
from slac.plan.calendars import CalendarSpec
from slac.plan.nodes import AnyNode, UnionNode
from slac.plan.scalar.function import Function
from slac.stream.types import Field, List, Schema, Struct

_KEY_HINT = (
    "give the value that is meant a name of its own in a probe before, for example `select: [{pod: container.pod}]`"
)


class Placed(Protocol):
    """Anything that stands somewhere in a document."""

    @property
    def span(self) -> Span:
        """Where in the source."""
        ...

    @property
    def path(self) -> str:
        """Where in the document."""
        ...


@dataclass(slots=True)
class Lowering:
    """The dataflow while it is built: all nodes so far, and those of the block at hand with what was found in it."""

    draft: Draft
    nodes: dict[str, AnyNode] = field(default_factory=dict)
    pending: list[AnyNode] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    graph: nx.DiGraph[str] = field(init=False)
    """Who reads whom."""
    read_names: frozenset[str] = field(init=False)
    """The blocks and event types that any block reads by their names."""

    def __post_init__(self) -> None:
        self.graph = block_graph(self.draft)
        self.read_names = frozenset(r.ref.name for b in self.draft.document.blocks for r in reads(b))

    def say(self, code: str, summary: str, at: Placed, *, suggestion: str = "", details: str = "") -> None:
        """Note an error at something of the document."""
        self.found.append(
            Diagnostic(code=code, summary=summary, span=at.span, path=at.path, suggestion=suggestion, details=details)
        )

    def functions(self, sql: Sql) -> Mapping[str, Function]:
        """The functions of the document that an expression was written in."""
        return self.draft.functions.get(sql.span.source.name, {})

    def add(self, node: AnyNode) -> AnyNode:
        """Take over a node of the block at hand."""
        self.pending.append(node)
        return node

    @property
    def held(self) -> Mapping[str, AnyNode]:
        """All nodes by id, those of the block at hand too."""
        return ChainMap({n.id: n for n in self.pending}, self.nodes)

    def sound(self, ref: Ref) -> bool:
        """Whether everything behind a reference has been typed."""
        return all(f in self.nodes for f in self.draft.feeders(ref.name))

    def stream(self, block: BlockDecl, ref: Ref) -> AnyNode | None:
        """The node to read for `ref`, a union where several blocks emit the type that it names; None if unknown."""
        if not self.sound(ref):
            return None
        if ref.name in self.nodes:
            return self.nodes[ref.name]
        event = self.draft.events.get(ref.name)
        feeders = [n for f in self.draft.feeders(ref.name) for n in self._of_type(f, ref.name)]
        if event is None or not feeders:
            if event is not None:
                self._nobody_emits(ref)
            return None
        if len(feeders) == 1 and set(feeders[0].schema.names) == set(event.schema.names):
            return feeders[0]
        return self._union(block, event, feeders)

    def event(self, ref: Ref) -> EventType | None:
        """The event type of the stream that `ref` names: the type itself, or what the block emits."""
        block = self.draft.blocks.get(ref.name)
        emits = emitted(block) if block is not None else (ref,)
        types = [self.draft.events[e.name] for e in emits if e.name in self.draft.events]
        return replace(merged(types), until=self._until(ref)) if types else None

    def _until(self, ref: Ref) -> str | None:
        """The field that all inputs behind a reference say their events end at."""
        feeders = [self.draft.blocks[f] for f in self.draft.feeders(ref.name)]
        ends = {getattr(getattr(f, "until", None), "name", None) for f in feeders}
        return ends.pop() if len(ends) == 1 else None

    def calendar(self, ref: Ref | None) -> CalendarSpec | None:
        """The calendar that `during` names."""
        return None if ref is None else self.draft.calendars[ref.name]

    def depth(self, block: BlockDecl, *inputs: AnyNode) -> int:
        """The depth of a block that reads `inputs`: one more than the deepest other block among them."""
        return max((n.depth + (n.block != block.name) for n in inputs), default=0)

    def keys(self, by: tuple[Ref, ...], schema: Schema, stream: str) -> tuple[Field, ...]:
        """The columns that rows are grouped or matched by; for one that is misspelt the nearest, and a finding."""
        by = tuple(r for ref in by for r in self._series(ref, schema, stream))
        keys = [f for f in (self._key(ref, schema, stream) for ref in by) if f is not None]
        names = [k.name for k in keys]
        for ref, name in zip(by, names, strict=False):
            if names.count(name) > 1 and ref is by[names.index(name)]:
                self.say("names/duplicate-column", f'the column "{name}" stands twice in `by`', ref)
        return tuple(keys)

    def _series(self, ref: Ref, schema: Schema, stream: str) -> tuple[Ref, ...]:
        """The columns that `series` stands for, or the reference as it is."""
        if ref.name != SERIES or SERIES in schema:
            return (ref,)
        series = series_of(self.draft, stream)
        return tuple(replace(ref, name=n) for n in series) or (ref,)

    def _key(self, ref: Ref, schema: Schema, stream: str) -> Field | None:
        name = ref.name if ref.name in schema else ref.name.removeprefix("payload.").removeprefix("context.")
        if name not in schema:
            self.say(
                "names/unknown-column",
                f'"{stream}" has no column "{ref.name}"',
                ref,
                suggestion=suggest(ref.name, schema.names),
                details=f"its columns: {listed(schema.names)}",
            )
            # What is meant stands in for it, so that expressions over the keys are still checked.
            meant = nearest(ref.name, schema.names)
            return schema[meant] if meant is not None else None
        if isinstance(schema[name].dtype, Struct | List) or "." in name:
            self.say(
                "types/key", f'"{name}" cannot be a key: it is not a plain column of one value', ref, details=_KEY_HINT
            )
            return None
        return schema[name]

    def _of_type(self, block: str, event: str) -> list[AnyNode]:
        """The nodes of a block whose rows are of a type or below it: of an input of several types, one for each."""
        types = self.draft.types_below(self.draft.blocks[block], event)
        several = [self.nodes[n] for t in types if (n := type_node(block, t.name)) in self.nodes]
        return several or [self.nodes[block]]

    def _nobody_emits(self, ref: Ref) -> None:
        self.say(
            "events/nobody-emits",
            f'no block emits the event type "{ref.name}" or one below it',
            ref,
            details="an input or a computation says so with `emits`",
        )

    def _union(self, block: BlockDecl, event: EventType, feeders: list[AnyNode]) -> AnyNode:
        node_id = f"{block.name}.{event.name}"
        held = next((n for n in self.pending if n.id == node_id), None)
        return held or self.add(
            UnionNode(
                id=node_id,
                block=block.name,
                node="",
                inputs=tuple(f.id for f in feeders),
                schema=Schema(tuple(_shared(f, feeders) for f in event.schema.fields)),
                depth=self.depth(block, *feeders),
                depths=tuple(f.depth for f in feeders),
            )
        )


def _shared(declared: Field, feeders: list[AnyNode]) -> Field:
    return Field(declared.name, declared.dtype, any(f.schema[declared.name].nullable for f in feeders))
