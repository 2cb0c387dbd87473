"""An input of several event types: the condition of each, and a stream for each type that somebody reads.

Before: `emits: {Slow: "kind = 'slow'", Other: otherwise}`. After: a source with all fields of both types, behind it
`feed.Slow` with `kind = 'slow'` and `feed.Other` with what is left; each has the columns of its type only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import condition, passing
from slac.compiler.draft import EventType, type_node
from slac.compiler.sql import Scope
from slac.language.document import EmitDecl, InputDecl
from slac.plan.expressions import AnyExpr, Call
from slac.plan.nodes import AnyNode, SelectNode, TypeSpec
from slac.plan.signatures import BOOL


def lower_types(block: InputDecl, lowering: Lowering, event: EventType) -> tuple[TypeSpec, ...] | None:
    """The types with their typed conditions; none where there is one type only, None where something is wrong."""
    if len(block.emits) == 1 and block.emits[0].when is None:
        return ()
    before = len(lowering.found)
    types = [lowering.draft.events[e.type.name] for e in block.emits]
    _otherwise_last(block, lowering)
    _agreeing(block, lowering, types)
    if len(lowering.found) > before:
        return None
    scope = Scope.of(event.schema, stream=f'input "{block.name}"')
    scope = scope.with_alias("payload", event.payload, prefix="").with_alias("context", event.context, prefix="")
    specs = tuple(_spec(e, t, condition(lowering, e.when, scope)) for e, t in zip(block.emits, types, strict=True))
    return specs if len(lowering.found) == before else None


def streams_of_types(
    block: InputDecl, lowering: Lowering, source: AnyNode, specs: Sequence[TypeSpec]
) -> Iterator[SelectNode]:
    """A selection for each type that somebody reads by its name or by that of a type above it."""
    wanted = lowering.read_names
    passed: list[AnyExpr] = []
    for spec in specs:
        event = lowering.draft.events[spec.type]
        if wanted & event.ancestors:
            yield SelectNode(
                id=type_node(block.name, event.name),
                block=block.name,
                node="",
                inputs=(source.id,),
                schema=event.schema,
                depth=source.depth,
                where=_joined([*passed, *([spec.when] if spec.when is not None else [])]),
                columns=passing(event.schema),
            )
        if spec.when is not None:
            true = Call(function="is_true", args=(spec.when,), dtype=BOOL, nullable=False)
            passed.append(Call(function="not", args=(true,), dtype=BOOL, nullable=False))


def _joined(conditions: Sequence[AnyExpr]) -> AnyExpr | None:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Call(function="and", args=tuple(conditions), dtype=BOOL, nullable=any(c.nullable for c in conditions))


def _spec(emit: EmitDecl, event: EventType, when: AnyExpr | None) -> TypeSpec:
    required = tuple(f.name for f in event.schema.fields if not f.nullable)
    sql = emit.when.text if emit.when is not None else "otherwise"
    return TypeSpec(type=event.name, when=when, when_sql=sql, required=required)


def _otherwise_last(block: InputDecl, lowering: Lowering) -> None:
    for emit in block.emits[:-1]:
        if emit.when is None:
            lowering.say(
                "events/dispatch",
                f'"{emit.type.name}" takes what is left, so no event reaches the types behind it',
                emit,
                suggestion=f"put {emit.type.name}: otherwise at the end",
            )


def _agreeing(block: InputDecl, lowering: Lowering, types: Sequence[EventType]) -> None:
    """A field that several of the types have is the same in all: it is decoded before its event's type is known."""
    seen: dict[str, tuple[str, object, str]] = {}
    for emit, event in zip(block.emits, types, strict=True):
        for part, schema in (("payload", event.payload), ("context", event.context)):
            for field in schema.fields:
                first, dtype, at = seen.setdefault(field.name, (event.name, field.dtype, part))
                if (dtype, at) == (field.dtype, part):
                    continue
                lowering.say(
                    "events/dispatch",
                    f'"{field.name}" is {dtype} in the {at} of "{first}" and {field.dtype} in the {part} of '
                    f'"{event.name}"',
                    emit,
                    details="types that one input emits share a field only if it is the same in all of them",
                )
