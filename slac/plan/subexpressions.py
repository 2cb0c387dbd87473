"""What an expression is made of: its parts, all that is below it, the columns that it reads."""

from __future__ import annotations

from collections.abc import Iterator

from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal

__all__ = ["below", "columns_in", "parts"]


def parts(expr: AnyExpr) -> tuple[AnyExpr, ...]:
    """The expressions directly in an expression."""
    match expr:
        case FieldOf(base=inner) | Cast(arg=inner):
            return (inner,)
        case Call(args=args):
            return args
        case Case(branches=branches, otherwise=otherwise):
            return (*(e for branch in branches for e in branch), otherwise)
        case Column() | Literal():
            return ()


def below(expr: AnyExpr) -> Iterator[AnyExpr]:
    """An expression and all in it, each before what it holds."""
    yield expr
    for part in parts(expr):
        yield from below(part)


def columns_in(expr: AnyExpr) -> Iterator[Column]:
    """All columns that an expression reads, meta columns included, as often as it reads them."""
    return (e for e in below(expr) if isinstance(e, Column))
