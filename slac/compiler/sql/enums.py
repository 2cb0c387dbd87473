"""What is compared with an enum is one of its values: a misspelt one would be compared with nothing, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from slac.compiler.sql.context import Context
from slac.diagnostics import listed, suggest
from slac.plan.expressions import AnyExpr, Call, Case, Literal
from slac.stream.types import Enum, List

__all__ = ["COMPARED", "possible_values", "values_declared"]

COMPARED: Final = frozenset({"=", "<>", "in", "is_distinct", "is_not_distinct", "nullif", "list_contains"})
"""Functions that ask whether texts are equal."""


def values_declared(args: Sequence[AnyExpr], nodes: Sequence[exp.Expr], context: Context) -> bool:
    """Whether every constant that is compared with an enum is one of its values; what is not is noted."""
    enum = next((e for a in args if (e := _enum(a)) is not None), None)
    if enum is None:
        return True
    strange = [
        (arg.value, node)
        for arg, node in zip(args, nodes, strict=True)
        if isinstance(arg, Literal) and isinstance(arg.value, str) and arg.value not in enum.values
    ]
    for value, node in strange:
        near = suggest(value, enum.values)
        context.error("types/enum", f"'{value}' is no value of {enum}", node, near, f"values: {listed(enum.values)}")
    return not strange


def _enum(arg: AnyExpr) -> Enum | None:
    match arg.dtype:
        case Enum() as enum:
            return enum
        case List(item=Enum() as enum):
            return enum
        case _:
            return None


def possible_values(expr: AnyExpr) -> frozenset[str] | None:
    """The texts that an expression can give, NULL aside; None where it could be any."""
    match expr:
        case Literal(value=None):
            return frozenset()
        case Literal(value=str(value)):
            return frozenset({value})
        case Case(branches=branches, otherwise=otherwise):
            return _all_of([*(then for _, then in branches), otherwise])
        case Call(function="coalesce", args=args):
            return _all_of(args)
        case _:
            return frozenset(expr.dtype.values) if isinstance(expr.dtype, Enum) else None


def _all_of(exprs: Sequence[AnyExpr]) -> frozenset[str] | None:
    found = [possible_values(e) for e in exprs]
    known = [f for f in found if f is not None]
    return frozenset().union(*known) if len(known) == len(found) else None
