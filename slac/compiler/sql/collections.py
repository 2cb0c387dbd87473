"""`labels['pod']`: a label of a map, an item of a list, a field of a struct."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from slac.compiler.sql.apply import apply_typed
from slac.compiler.sql.context import Context, Rule
from slac.compiler.sql.literals import number
from slac.diagnostics import suggest
from slac.plan.expressions import AnyExpr, Call, FieldOf, Literal
from slac.plan.functions import FUNCTIONS
from slac.plan.signatures import INT
from slac.stream.types import List, Map, Struct

__all__ = ["RULES"]


def _bracket(node: exp.Bracket, context: Context) -> AnyExpr | None:
    base = context.visit(node.this)
    if base is None:
        return None
    match base.dtype, node.expressions:
        case Map(), [exp.Literal(is_string=True) as name]:
            key = context.visit(name)
            return (
                None if key is None else apply_typed(FUNCTIONS["label"], [base, key], [node.this, name], node, context)
            )
        case Struct(fields=fields), [exp.Literal(is_string=True) as name]:
            found = next((f for f in fields if f.name == name.this), None)
            if found is None:
                known = [f.name for f in fields]
                context.error("names/unknown-column", f'no field "{name.this}"', name, suggest(str(name.this), known))
                return None
            return FieldOf(base=base, name=found.name, dtype=found.dtype, nullable=base.nullable or found.nullable)
        case List(item=item), [place]:
            zero = isinstance(node.this, exp.Column) and context.text(node.this) in context.scope.from_zero
            at = _place(place, context, counted_from=0 if zero else 1)
            return None if at is None else Call(function="item", args=(base, at), dtype=item, nullable=True)
        case Map(), _:
            context.error("types/mismatch", "a label is read by its name", node, "write labels['name']")
        case _:
            context.error(
                "types/mismatch", f"{base.dtype} ({context.text(node.this)}) has nothing to read by […]", node
            )
    return None


def _place(node: exp.Expr, context: Context, *, counted_from: int) -> AnyExpr | None:
    """The place of an item, counted from 1 (or 0), or from −1 at the end; sqlglot has moved it down by one."""
    negative = isinstance(node, exp.Neg)
    digits = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(digits, exp.Literal) or digits.is_string:
        context.error("types/not-constant", "the place in a list is a constant number", node, "write list[1]")
        return None
    moved = number(digits, context, sign="-" if negative else "", at=node)
    match moved:
        case Literal(value=int(value)) if value + counted_from != 0 or counted_from == 0:
            written = value + 1
            place = written + 1 if counted_from == 0 and written >= 0 else written
            return Literal(value=place, dtype=INT, nullable=False)
        case Literal():
            context.error("sql/bad-literal", "the places of a list count from 1, or from -1 at the end", node)
    return None


RULES: Final[Mapping[type[exp.Expr], Rule]] = MappingProxyType(
    {exp.Bracket: Rule(frozenset({"this", "expressions"}), _bracket)}
)
