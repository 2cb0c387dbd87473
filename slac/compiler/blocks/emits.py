"""A computation that emits events makes every field of their type, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from slac.compiler.blocks.context import Lowering
from slac.diagnostics import listed, suggest
from slac.language.document import ComputationDecl
from slac.plan.expressions import NamedExpr
from slac.plan.signatures import coerce, fits
from slac.stream.types import Schema


def conforming(lowering: Lowering, block: ComputationDecl, named: Sequence[NamedExpr]) -> tuple[NamedExpr, ...]:
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


def _fitting(lowering: Lowering, block: ComputationDecl, column: NamedExpr, schema: Schema) -> NamedExpr:
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
    if not fits(column.expr.dtype, wanted):
        lowering.say(
            "types/field",
            f'"{column.name}" is {column.expr.dtype}, but the event type "{event}" has {wanted}',
            at,
            details=f"CAST(… AS {str(wanted).upper()}) converts it" if "{" not in str(wanted) else "",
        )
        return column
    return msgspec.structs.replace(column, expr=coerce(column.expr, wanted))
