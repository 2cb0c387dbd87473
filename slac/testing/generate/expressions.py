"""What is looked for in a plan's expressions: CASEs, comparisons with constants, and the constants themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from slac.plan.expressions import AnyExpr, Call, Literal
from slac.plan.nodes import (
    AnyNode,
    AuditNode,
    SelectNode,
    SourceNode,
    ViolationNode,
    WindowNode,
)
from slac.plan.subexpressions import below, columns_in
from slac.stream.types import Duration, Float, Int

COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_LOGIC: Final = frozenset({"and", "or", "not"})


def thresholds(expr: AnyExpr) -> Iterator[Call]:
    """Comparisons of numbers of which a constant is part: `usage > 0.9`, `good > 0.95 * all`."""
    for each in below(expr):
        match each:
            case Call(function=function, args=(left, right)) if function in COMPARISONS:
                numeric = isinstance(left.dtype, Int | Float | Duration)
                if numeric and any(isinstance(e, Literal) for e in below(each)) and columns(each):
                    # With a constant on both sides or a literal zero the three sides are still three sides.
                    yield Call(function=function, args=(left, right), dtype=each.dtype)
            case _:
                continue


def columns(expr: AnyExpr) -> set[str]:
    """The columns that an expression reads."""
    return {c.name for c in columns_in(expr)}


@dataclass(frozen=True, slots=True)
class Not:
    """A constant that a column is to differ from."""

    value: Any


def clues(expr: AnyExpr) -> Iterator[tuple[set[str], list[Any]]]:
    """Columns and the constants that stand with them in one call, logic apart; a column under IS NULL has None."""
    for each in below(expr):
        match each:
            case Call(function="is_null", args=(arg,)):
                yield columns(arg), [None]
            case Call(function=function, args=args) if function not in _LOGIC:
                values = [e.value for a in args for e in below(a) if isinstance(e, Literal)]
                if values and columns(each):
                    yield columns(each), [Not(v) for v in values] if function == "<>" else values
            case _:
                continue


def expressions_of(node: AnyNode) -> Iterator[AnyExpr]:
    """All expressions of a node."""
    match node:
        case SourceNode(types=types):
            yield from (t.when for t in types if t.when is not None)
        case SelectNode(where=where, columns=named):
            yield from (where,) if where is not None else ()
            yield from (c.expr for c in named or ())
        case WindowNode(aggregates=calls, project=project, then=then):
            yield from (a for call in calls for a in call.args)
            yield from (call.where for call in calls if call.where is not None)
            yield from (c.expr for c in (*project, *then))
        case AuditNode(states=states):
            yield from (s.when for s in states)
        case ViolationNode(condition=condition):
            yield condition
        case _:
            return
