"""Event types get the fields that they inherit.

Before: `ContainerAnomaly: {extends: Anomaly, payload: {pod: string}}`. After: a type with the fields of `Anomaly`,
then `pod`, that knows that it is an `Anomaly` too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from slac.compiler.draft import Draft, EventType, Found, breaking, emitted
from slac.compiler.sensitive import hashed, sensitive_fields
from slac.diagnostics import Diagnostic, Related, listed, suggest
from slac.language.document import BlockDecl, EventDecl, FieldDecl
from slac.stream.types import (
    AnyType,
    Bool,
    Duration,
    Enum,
    Field,
    Float,
    Int,
    List,
    Map,
    Schema,
    String,
    Struct,
    Timestamp,
)

Part = Literal["payload", "context"]
_SIMPLE: dict[str, AnyType] = {
    "string": String(),
    "float": Float(),
    "int": Int(),
    "bool": Bool(),
    "timestamp": Timestamp(),
    "duration": Duration(),
    "map": Map(),
}


@dataclass(slots=True)
class _Resolver:
    """The types resolved so far; None for one that cannot be."""

    declared: dict[str, EventDecl]
    done: dict[str, EventType | None] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)

    def resolve(self, name: str, path: tuple[str, ...] = ()) -> EventType | None:
        """The type `name` with all that it inherits; `path` is how it was reached."""
        if name in self.done:
            return self.done[name]
        if name in path:
            self._cycle(path[path.index(name) :])
            return None
        result = self._build(self.declared[name], (*path, name))
        return self.done.setdefault(name, result)

    def _build(self, event: EventDecl, path: tuple[str, ...]) -> EventType | None:
        parents = [p for p in (self._parent(event, path)) if p is not None]
        if len(parents) < len(event.extends):
            return None
        before = len(self.found)
        payload, context = self._merged(event, "payload", parents), self._merged(event, "context", parents)
        self._shared(event, payload, context)
        if len(self.found) > before:
            return None
        ancestors = frozenset({event.name}).union(*(p.ancestors for p in parents))
        clear, problems = sensitive_fields(event, payload, context, parents)
        if problems:
            self.found += problems
            return None
        series = self._series(event, payload, context, parents)
        return EventType(
            name=event.name,
            payload=hashed(payload, clear),
            context=hashed(context, clear),
            ancestors=ancestors,
            series=series,
            clear=clear,
        )

    def _series(self, event: EventDecl, payload: Schema, context: Schema, parents: list[EventType]) -> tuple[str, ...]:
        """The fields that name one series: what the type says, else a parent, else `name` and the only map."""
        schema = Schema(payload.fields + context.fields)
        for ref in event.series:
            if ref.name not in schema:
                self.found.append(
                    Diagnostic(
                        code="names/unknown-column",
                        summary=f'the event type "{event.name}" has no field "{ref.name}"',
                        span=ref.span,
                        path=ref.path,
                        suggestion=suggest(ref.name, schema.names),
                        details=f"its fields: {listed(schema.names)}",
                    )
                )
        if event.series:
            return tuple(r.name for r in event.series if r.name in schema)
        inherited = next((p.series for p in parents if p.series), ())
        maps = [f.name for f in schema.fields if f.dtype == Map()]
        named = ("name",) if "name" in schema else ()
        return inherited or ((*named, *maps) if len(maps) == 1 else ())

    def _parent(self, event: EventDecl, path: tuple[str, ...]) -> Iterable[EventType | None]:
        for ref in event.extends:
            if ref.name in self.declared:
                yield self.resolve(ref.name, path)
                continue
            yield None
            known = [n for n in self.declared if n != event.name]
            self.found.append(
                Diagnostic(
                    code="names/unknown-type",
                    summary=f'no event type "{ref.name}"',
                    span=ref.span,
                    path=ref.path,
                    suggestion=suggest(ref.name, known),
                    details=f"event types of this document: {listed(known)}",
                )
            )

    def _merged(self, event: EventDecl, part: Part, parents: list[EventType]) -> Schema:
        fields: dict[str, tuple[Field, str]] = {}
        for parent in parents:
            for inherited in parent.wire(getattr(parent, part)).fields:
                held = fields.setdefault(inherited.name, (inherited, parent.name))
                if held[0] != inherited:
                    self._conflict(
                        event, inherited, f'"{held[1]}" says {held[0].dtype}, "{parent.name}" {inherited.dtype}'
                    )
        for own in getattr(event, part):
            declared = Field(own.name, dtype_of(own), own.nullable)
            held = fields.get(own.name, (declared, event.name))
            if held[0] != declared:
                self._conflict(event, declared, f'"{held[1]}" declares it as {_said(held[0])}', own)
            fields[own.name] = (declared, event.name)
        return Schema(tuple(f for f, _ in fields.values()))

    def _conflict(self, event: EventDecl, declared: Field, other: str, at: FieldDecl | None = None) -> None:
        self.found.append(
            Diagnostic(
                code="events/conflicting-field",
                summary=f'the field "{declared.name}" of "{event.name}" does not agree with what it inherits',
                span=at.span if at else event.span,
                path=at.path if at else event.path,
                details=f"{other}; a subtype takes the fields of its parents as they are",
            )
        )

    def _shared(self, event: EventDecl, payload: Schema, context: Schema) -> None:
        spans = {f.name: f for f in (*event.payload, *event.context)}
        for name in payload.names:
            if name in context:
                at = spans.get(name)
                self.found.append(
                    Diagnostic(
                        code="events/conflicting-field",
                        summary=f'the field "{name}" of "{event.name}" stands in payload and in context',
                        span=at.span if at else event.span,
                        path=at.path if at else event.path,
                        details="both are read by their bare names: rename one of the two",
                    )
                )

    def _cycle(self, names: tuple[str, ...]) -> None:
        first = self.declared[names[0]]
        self.found.append(
            Diagnostic(
                code="names/cycle",
                summary=f"event types extend one another in a circle: {' -> '.join((*names, names[0]))}",
                span=first.span,
                path=first.path,
                related=tuple(Related(self.declared[n].span, f'"{n}" takes part') for n in names[1:]),
            )
        )


def events(draft: Draft) -> Found:
    """Resolve `extends`; a type that cannot be resolved breaks the blocks that emit or read it."""
    resolver = _Resolver({e.name: e for e in draft.document.events})
    for name in resolver.declared:
        resolver.resolve(name)
    types = {n: t for n, t in resolver.done.items() if t is not None}
    lost = resolver.declared.keys() - types.keys()
    broken = (b.name for b in draft.document.blocks if _touches(b, lost))
    return replace(draft, events=types, broken=breaking(draft.broken, broken)), resolver.found


def dtype_of(declared: FieldDecl) -> AnyType:
    """The type of a declared field."""
    match declared:
        case FieldDecl(type_name="struct", fields=fields):
            return Struct(tuple(Field(f.name, dtype_of(f), f.nullable) for f in fields))
        case FieldDecl(type_name="enum", values=values):
            return Enum(values)
        case FieldDecl(type_name="list", item=FieldDecl() as item):
            return List(dtype_of(item))
        case _:
            return _SIMPLE[declared.type_name]


def _said(declared: Field) -> str:
    return f"{declared.dtype}{'?' if declared.nullable else ''}"


def _touches(block: BlockDecl, lost: set[str]) -> bool:
    return any(getattr(ref, "name", None) in lost for ref in (*emitted(block), getattr(block, "from_", None)))
