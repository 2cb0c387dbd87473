"""The sensitive fields of event types: which they are, and what stands for them in streams.

Before: `Login: {payload: {user: string}, sensitive: user}`. After: a type whose streams have `user: hashed`, and that
knows that an input reads a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from slac.compiler.draft import EventType
from slac.diagnostics import Diagnostic, listed, suggest
from slac.language.document import EventDecl
from slac.language.terms import Ref
from slac.plan.signatures import BOOL, HASHED
from slac.stream.types import Field, List, Schema, Struct


def hashed(schema: Schema, clear: Iterable[Field]) -> Schema:
    """The fields, of which those in `clear` are hashes."""
    names = {f.name for f in clear}
    return Schema(tuple(msgspec.structs.replace(f, dtype=HASHED) if f.name in names else f for f in schema.fields))


def sensitive_fields(
    event: EventDecl, payload: Schema, context: Schema, parents: Sequence[EventType]
) -> tuple[tuple[Field, ...], list[Diagnostic]]:
    """The sensitive fields of a type in order, inherited ones too, and what is wrong with them."""
    schema = Schema(payload.fields + context.fields)
    inherited = {name for p in parents for name in p.sensitive}
    # What one parent hides and another shows would come in two forms.
    shown = {n: p.name for p in parents for n in p.schema.names if n not in p.sensitive}
    problems = [_problem(event, ref, schema, shown) for ref in event.sensitive]
    problems += [_shown(event, name, shown[name]) for name in sorted(inherited & shown.keys())]
    names = inherited.union(ref.name for ref in event.sensitive)
    return tuple(f for f in schema.fields if f.name in names), [p for p in problems if p is not None]


def _problem(event: EventDecl, ref: Ref, schema: Schema, shown: dict[str, str]) -> Diagnostic | None:
    if ref.name not in schema:
        return Diagnostic(
            code="names/unknown-column",
            summary=f'the event type "{event.name}" has no field "{ref.name}"',
            span=ref.span,
            path=ref.path,
            suggestion=suggest(ref.name, schema.names),
            details=f"its fields: {listed(schema.names)}",
        )
    if isinstance(schema[ref.name].dtype, Struct | List):
        return Diagnostic(
            code="privacy/field",
            summary=f'"{ref.name}" cannot be sensitive as a whole: it is {schema[ref.name].dtype}',
            span=ref.span,
            path=ref.path,
            suggestion="declare what is sensitive in it as a field of its own",
            details="`map` of an input takes a field from any place of a record: {email: payload.person.email}",
        )
    if schema[ref.name].dtype == BOOL:
        return Diagnostic(
            code="privacy/field",
            summary=f'"{ref.name}" cannot be sensitive: hashes of true and false hide nothing',
            span=ref.span,
            path=ref.path,
            suggestion="leave it out of the event type, or read it only where a probe needs it",
        )
    return _shown(event, ref.name, shown[ref.name], ref) if ref.name in shown else None


def _shown(event: EventDecl, name: str, parent: str, ref: Ref | None = None) -> Diagnostic:
    at = ref or next(iter(event.extends))
    return Diagnostic(
        code="privacy/field",
        summary=f'"{name}" is sensitive in "{event.name}", but not in "{parent}", which it extends',
        span=at.span,
        path=at.path,
        suggestion=f"write it under `sensitive` of {parent}",
        details=f'who reads "{parent}" reads these events too, and would see it',
    )
