"""What the passes hand on: a document with all that is known of it so far.

A pass never changes a draft; it returns a new one. What a pass could not make sense of is marked as broken, so that
later passes stay silent about it and about everything that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from slac.compiler.side import side_of
from slac.compiler.sources import FunctionReader, read_import
from slac.compiler.stopwatch import Stopwatch
from slac.diagnostics import Diagnostic
from slac.language.document import BlockDecl, ComputationDecl, DocumentDecl, InputDecl
from slac.language.imports import Loader
from slac.language.pattern_decls import PatternDecl
from slac.language.terms import Ref
from slac.language.trace_decls import TracesDecl
from slac.plan.calendars import CalendarSpec
from slac.plan.conditions.known import Facts
from slac.plan.graph import Default, Placement
from slac.plan.nodes import AnyNode
from slac.plan.scalar.function import Function
from slac.plan.user import FunctionModule
from slac.stream.types import Field, Schema

Found = tuple["Draft", list[Diagnostic]]
"""What every pass returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileOptions:
    """How a document is compiled.

    `environment` and `parameters` fill `${…}`; `collapse` puts every block on one node called `all`, whatever the
    placement says (it is checked all the same). `whole` keeps the columns that nobody reads, so that a test can look
    at every block; of the blocks `seen` they are kept without it. `loader` reads documents that are imported: files,
    unless said otherwise. `functions` reads the modules of functions that documents name; without one they are not
    allowed. `moves`: blocks that run on another node than the document says, each with that node.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    collapse: bool = False
    loader: Loader | None = read_import
    whole: bool = False
    seen: frozenset[str] = frozenset()
    functions: FunctionReader | None = None
    moves: Mapping[str, str] = field(default_factory=dict)
    stopwatch: Stopwatch | None = None
    """What takes the time of each stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """An event type with everything it inherits.

    `ancestors` includes the type itself; `series` are the fields that `by: series` means, if there are any; `until` is
    the field at which an event of a stream ends, where its inputs say so. `clear`: the sensitive fields as they come
    in, which are hashed in `payload` and `context`.
    """

    name: str
    payload: Schema
    context: Schema
    ancestors: frozenset[str]
    series: tuple[str, ...] = ()
    until: str | None = None
    clear: tuple[Field, ...] = ()

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The names of the sensitive fields."""
        return tuple(f.name for f in self.clear)

    def wire(self, part: Schema) -> Schema:
        """`payload` or `context` as an input reads it, before anything is hashed."""
        clear = {f.name: f for f in self.clear}
        return Schema(tuple(msgspec.structs.replace(f, dtype=clear.get(f.name, f).dtype) for f in part.fields))

    @property
    def schema(self) -> Schema:
        """Payload, then context, by bare names: the columns of a stream of this type."""
        return Schema(self.payload.fields + self.context.fields)


def merged(types: Sequence[EventType]) -> EventType:
    """What is known of an event that is of one of several types: every field of any, which may be missing in some."""
    if len(types) == 1:
        return types[0]
    return EventType(
        name=" | ".join(t.name for t in types),
        payload=_all_fields([t.payload for t in types]),
        context=_all_fields([t.context for t in types]),
        ancestors=frozenset.intersection(*(t.ancestors for t in types)),
        series=types[0].series if len({t.series for t in types}) == 1 else (),
        clear=_all_fields([Schema(t.clear) for t in types]).fields,
    )


def _all_fields(schemas: Sequence[Schema]) -> Schema:
    fields = {f.name: f for schema in reversed(schemas) for f in reversed(schema.fields)}
    required = {n for n in fields if all(n in s and not s[n].nullable for s in schemas)}
    ordered = dict.fromkeys(f.name for schema in schemas for f in schema.fields)
    return Schema(tuple(Field(n, fields[n].dtype, n not in required) for n in ordered))


def type_node(block: str, event: str) -> str:
    """The node of an input of several types that has the rows of one."""
    return f"{block}.{event}"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A document between two passes.

    `order`: the sound blocks, each after those it reads. `nodes`: the dataflow, each node after its inputs; a block's
    stream is the node of its name. `homes`: block -> placement. `defaults`: what passes filled in, beside the reader.
    `functions`: by the name of a source those of its document's own, which `modules` hold.
    `facts`: what is known of the rows of each node before any is seen. `calendars`: those that are
    right.
    """

    document: DocumentDecl
    options: CompileOptions
    broken: frozenset[str] = frozenset()
    events: Mapping[str, EventType] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    nodes: tuple[AnyNode, ...] = ()
    homes: Mapping[str, str] = field(default_factory=dict)
    placements: tuple[Placement, ...] = ()
    defaults: tuple[Default, ...] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, Function]] = field(default_factory=dict)
    modules: tuple[FunctionModule, ...] = ()
    calendars: Mapping[str, CalendarSpec] = field(default_factory=dict)

    @property
    def blocks(self) -> Mapping[str, BlockDecl]:
        """All blocks of the document by name, broken ones too, in the document's order of kinds."""
        return self.document.by_name

    @cached_property
    def by_id(self) -> dict[str, AnyNode]:
        """The nodes by id."""
        return {n.id: n for n in self.nodes}

    def emitters(self, event: str) -> tuple[str, ...]:
        """The blocks that emit the type `event` or one below it, in document order."""
        return self._emitters.get(event, ())

    def feeders(self, name: str) -> tuple[str, ...]:
        """The blocks that reading `name` means: the block itself, also of its late rows, or all that emit the type."""
        side = side_of(name, self.blocks)
        if side is not None:
            return (side,)
        return (name,) if name in self.blocks else self.emitters(name)

    @cached_property
    def _emitters(self) -> Mapping[str, tuple[str, ...]]:
        """By event type the blocks that emit it or one below it."""
        found: dict[str, dict[str, None]] = {}
        for block in self.document.blocks:
            known = [self.events[r.name] for r in emitted(block) if r.name in self.events]
            for event in (a for t in known for a in t.ancestors):
                found.setdefault(event, {})[block.name] = None
        return {event: tuple(names) for event, names in found.items()}

    def types_below(self, block: BlockDecl, event: str) -> tuple[EventType, ...]:
        """Those types that `block` emits which are `event` or one below it, in document order."""
        known = [self.events[r.name] for r in emitted(block) if r.name in self.events]
        return tuple(t for t in known if event in t.ancestors)


def emitted(block: BlockDecl) -> tuple[Ref, ...]:
    """The event types that a block says it emits: none, one, or for an input perhaps several."""
    match block:
        case InputDecl(emits=several):
            return tuple(e.type for e in several)
        case ComputationDecl(emits=Ref() as one) | PatternDecl(emits=Ref() as one) | TracesDecl(emits=Ref() as one):
            return (one,)
        case _:
            return ()


def breaking(broken: frozenset[str], more: Iterable[str]) -> frozenset[str]:
    """The broken blocks and some more."""
    return broken | frozenset(more)
