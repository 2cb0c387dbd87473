"""A function applied to arguments: their number, their types, their constants, and whether the result may be NULL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from slac.compiler.sql.context import Context
from slac.compiler.sql.enums import COMPARED, values_declared
from slac.compiler.sql.mismatch import mismatch
from slac.diagnostics import listed
from slac.plan.expressions import AnyExpr, Call, Literal
from slac.plan.functions import FUNCTIONS, Function
from slac.plan.signatures import BOOL, FLOAT, NULL, Constant, coerce, resolve, takes_count
from slac.stream.types import AnyType

__all__ = ["apply", "apply_function", "apply_typed", "condition"]


def apply(key: str, nodes: Sequence[exp.Expr], node: exp.Expr, context: Context) -> AnyExpr | None:
    """The call of function `key` with the translated `nodes`; all problems of all arguments are noted."""
    return apply_function(FUNCTIONS[key], nodes, node, context)


def apply_function(function: Function, nodes: Sequence[exp.Expr], node: exp.Expr, context: Context) -> AnyExpr | None:
    """The same for a function that is known, perhaps one of the document's own."""
    args = [context.visit(n) for n in nodes]
    if not takes_count(function.rules, len(nodes)):
        _wrong_count(function, len(nodes), node, context)
        return None
    known = [a for a in args if a is not None]
    return apply_typed(function, known, nodes, node, context) if len(known) == len(args) else None


def apply_typed(
    function: Function, args: Sequence[AnyExpr], nodes: Sequence[exp.Expr], node: exp.Expr, context: Context
) -> AnyExpr | None:
    """As `apply`, for arguments that are translated already."""
    resolved = resolve(function.rules, [a.dtype for a in args])
    if resolved is None:
        mismatch(function, args, nodes, node, context)
        return None
    if function.key in COMPARED and not values_declared(args, nodes, context):
        return None
    coerced = tuple(coerce(a, t) for a, t in zip(args, resolved.params, strict=True))
    checks = zip(resolved.constants, coerced, nodes, strict=True)
    held = [_check(constant, arg, at, context) for constant, arg, at in checks if constant is not None]
    if not all(held):
        return None
    nullable = _nullable(function, coerced, resolved.result)
    return Call(function=function.key, args=coerced, dtype=resolved.result, nullable=nullable)


def condition(node: exp.Expr, context: Context, what: str) -> AnyExpr | None:
    """A translated condition; anything but a boolean is refused. `what` names the place (`AND`, `FILTER`)."""
    expr = context.visit(node)
    if expr is None:
        return None
    if expr.dtype not in (BOOL, NULL):
        written = context.text(node)
        hint = f"write a comparison, such as {written} <> 0" if str(expr.dtype) in ("int", "float") else ""
        hint = hint or f"write a comparison, such as {written} IS NOT NULL"
        context.error("types/not-boolean", f"{what} takes a bool, but {written} is {expr.dtype}", node, hint)
        return None
    return coerce(expr, BOOL)


def _nullable(function: Function, args: Sequence[AnyExpr], result: AnyType) -> bool:
    if function.overflows and result != FLOAT:
        return True
    match function.nulls:
        case "any":
            return any(a.nullable for a in args)
        case "all":
            return all(a.nullable for a in args)
        case "always":
            return True
        case "never":
            return False


def _check(constant: Constant, arg: AnyExpr, at: exp.Expr, context: Context) -> bool:
    if not isinstance(arg, Literal):
        context.error("types/not-constant", f"{constant.what} must be a constant, not {context.text(at)}", at)
        return False
    problem = "must not be NULL" if arg.value is None else constant.problem(arg.value)
    if problem is not None:
        context.error("sql/bad-literal", f"{constant.what} {problem}", at)
        return False
    return True


def _wrong_count(function: Function, given: int, node: exp.Expr, context: Context) -> None:
    name = (function.names or (function.key.upper(),))[0]
    many = f"{given} argument" + ("s" if given != 1 else "")
    context.error("types/arguments", f"{name} does not take {many}", node, f"it is written {listed([function.usage])}")
