"""What is said when argument types do not fit: both types, and how to make them fit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from slac.compiler.sql.context import Context
from slac.compiler.sql.hashed import refused
from slac.plan.expressions import AnyExpr
from slac.plan.functions import Function
from slac.plan.signatures import BOOL, FLOAT, INT, STRING, TIMESTAMP, Overload, fits
from slac.stream.types import AnyType

__all__ = ["mismatch"]

_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">=", "is_distinct", "is_not_distinct", "in", "greatest", "least"})
_OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "||", "negate"})
_NUMBERS = (INT, FLOAT)


def mismatch(
    function: Function, args: Sequence[AnyExpr], nodes: Sequence[exp.Expr], node: exp.Expr, context: Context
) -> None:
    """Note that no rule of `function` takes arguments of these types."""
    types = [a.dtype for a in args]
    if refused(types, nodes, context):
        return
    written = [context.text(n) for n in nodes]
    at = _culprit(function, types)
    context.error(
        "types/mismatch",
        _summary(function, types, written),
        node if at is None else nodes[at],
        _suggestion(function, types, written),
    )


def _summary(function: Function, types: Sequence[AnyType], written: Sequence[str]) -> str:
    named = [f"{t} ({w})" for t, w in zip(types, written, strict=True)]
    if function.key in _COMPARISONS:
        first, *others = dict.fromkeys(types)
        different = next((n for n, t in zip(named, types, strict=True) if others and t == others[-1]), "")
        return f"cannot compare {named[0]} with {different}" if different else f"{first} has no order or equality"
    if function.key in _OPERATORS:
        name = "-" if function.key == "negate" else function.key
        return f'"{name}" does not take {" and ".join(named)}'
    return f"{(function.names or (function.key.upper(),))[0]} does not take {', '.join(named)}"


def _culprit(function: Function, types: Sequence[AnyType]) -> int | None:
    """The one argument that is wrong, where a function has one form only."""
    match function.rules:
        case (Overload(params=params),):
            wrong = [i for i, t in enumerate(types) if not fits(t, params[i].dtype)]
            return wrong[0] if len(wrong) == 1 else None
        case _:
            return None


def _suggestion(function: Function, types: Sequence[AnyType], written: Sequence[str]) -> str:
    if function.key == "+" and STRING in types:
        return "text is joined with ||"
    if function.key in ("||", "concat"):
        at = next(i for i, t in enumerate(types) if t != STRING)
        return f"write CAST({written[at]} AS string)"
    if function.key in ("%", "//") and FLOAT in types:
        at = types.index(FLOAT)
        return f"whole numbers only: CAST({written[at]} AS int)"
    if function.key in _COMPARISONS:
        return _compared(types, written)
    if function.key not in _OPERATORS:
        return f"it is written {function.usage}"
    return ""


def _compared(types: Sequence[AnyType], written: Sequence[str]) -> str:
    if BOOL in types and any(t in _NUMBERS for t in types):
        truth = written[types.index(BOOL)]
        return f"write {truth}, or NOT {truth}"
    if STRING in types and TIMESTAMP in types:
        text = written[types.index(STRING)]
        return f"write TIMESTAMP {text}" if text.startswith("'") else f"write CAST({text} AS timestamp)"
    if STRING in types and any(t in _NUMBERS for t in types):
        at = next(i for i, t in enumerate(types) if t in _NUMBERS)
        text, number = written[types.index(STRING)], written[at]
        if number[0].isdigit() or number[0] == "-":
            return f"write '{number}' for text, or CAST({text} AS {types[at]})"
        return f"write CAST({number} AS string), or CAST({text} AS {types[at]})"
    return ""
