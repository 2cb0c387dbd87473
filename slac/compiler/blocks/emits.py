"""A computation that emits events makes every field of their type, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from slac.compiler.blocks.context import Lowering
from slac.compiler.sql.enums import possible_values
from slac.diagnostics import listed, suggest
from slac.language.document import ComputationDecl
from slac.language.pattern_decls import PatternDecl
from slac.language.trace_decls import TracesDecl
from slac.plan.expressions import Cast, NamedExpr
from slac.plan.signatures import coerce, fits
from slac.stream.types import AnyType, Enum, Hashed, List, Map, Schema, Struct

_HIDDEN: Final = "it is hashed, because an input calls it sensitive: write it under `sensitive` of this type too"


def conforming(
    lowering: Lowering, block: ComputationDecl | PatternDecl | TracesDecl, named: Sequence[NamedExpr]
) -> tuple[NamedExpr, ...]:
    """The columns, brought to the types of the fields of the event type that `block` emits."""
    if block.emits is None:
        return tuple(named)
    schema = lowering.draft.events[block.emits.name].schema
    missing = [n for n in schema.names if n not in {c.name for c in named}]
    if missing:
        lowering.say(
            "events/missing-field",
            f'"{block.name}" emits "{block.emits.name}", but does not make {listed(missing)}',
            block.emits,
            details=f"what it makes: {listed(c.name for c in named)}",
        )
    return tuple(_fitting(lowering, block, c, schema) for c in named)


def _fitting(
    lowering: Lowering, block: ComputationDecl | PatternDecl | TracesDecl, column: NamedExpr, schema: Schema
) -> NamedExpr:
    at = next((c for c in (*(block.select or ()), *block.then) if c.name == column.name), block.emits or block)
    event = block.emits.name if block.emits else ""
    if column.name not in schema:
        lowering.say(
            "events/unknown-field",
            f'the event type "{event}" has no field "{column.name}"',
            at,
            suggestion=suggest(column.name, schema.names),
            details=f"its fields: {listed(schema.names)}",
        )
        return column
    wanted = schema[column.name].dtype
    if isinstance(wanted, Enum) and (possible := possible_values(column.expr)) is not None:
        strange = sorted(possible - frozenset(wanted.values))
        if strange:
            lowering.say(
                "types/enum",
                f'\'{strange[0]}\' is no value of "{column.name}", which the event type "{event}" has as {wanted}',
                at,
                suggestion=suggest(strange[0], wanted.values),
                details=f"values: {listed(wanted.values)}",
            )
        cast = Cast(arg=column.expr, dtype=wanted, nullable=column.expr.nullable)
        return column if column.expr.dtype == wanted else msgspec.structs.replace(column, expr=cast)
    if not fits(column.expr.dtype, wanted):
        lowering.say(
            "types/field",
            f'"{column.name}" is {column.expr.dtype}, but the event type "{event}" has {wanted}',
            at,
            details=_HIDDEN if isinstance(column.expr.dtype, Hashed) else _conversion(wanted),
        )
        return column
    return msgspec.structs.replace(column, expr=coerce(column.expr, wanted))


def _conversion(wanted: AnyType) -> str:
    match wanted:
        case Hashed():
            return "the type calls it sensitive: only what came in as sensitive is hashed, and fills it"
        case Enum():
            return "write a CASE that gives its values"
        case Struct() | List() | Map():
            return ""
        case _:
            return f"CAST(… AS {str(wanted).upper()}) converts it"
