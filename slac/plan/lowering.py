"""From the plan's typed expressions to Polars: one function per kind of node, and nothing is inferred on the way."""

from __future__ import annotations

from functools import singledispatch

import polars as pl

from slac.diagnostics import RunFailed
from slac.plan.casts import convert
from slac.plan.expression_text import to_text
from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal
from slac.plan.functions import FUNCTIONS
from slac.plan.user import is_user_key, user_function
from slac.stream.types import to_polars

__all__ = ["CannotLower", "columns_of", "lower", "to_text"]


class CannotLower(RunFailed):
    """A plan holds an expression that this version does not know: it was written by another version, or by hand."""


@singledispatch
def lower(expr: AnyExpr) -> pl.Expr:
    """The Polars expression of `expr`; its dtype on a frame of the plan's schema is `to_polars(expr.dtype)`."""
    raise CannotLower(f"The plan holds an expression of a kind that slac does not know: {type(expr).__name__}.")


@lower.register
def _(expr: Column) -> pl.Expr:
    return pl.col(expr.name)


@lower.register
def _(expr: FieldOf) -> pl.Expr:
    return lower(expr.base).struct.field(expr.name)


@lower.register
def _(expr: Literal) -> pl.Expr:
    # Times are integers in a plan, and `pl.lit` would take them for another unit.
    if isinstance(expr.value, int) and not isinstance(expr.value, bool):
        return pl.lit(expr.value, dtype=pl.Int64).cast(to_polars(expr.dtype))
    return pl.lit(expr.value, dtype=to_polars(expr.dtype))


@lower.register
def _(expr: Call) -> pl.Expr:
    function = FUNCTIONS.get(expr.function) or user_function(expr.function)
    if function is None:
        raise CannotLower(f'The plan calls a function that slac does not know: "{expr.function}".')
    return function.lower(expr, _of_one_length(expr))


def _of_one_length(call: Call) -> list[pl.Expr]:
    """The lowered arguments, of which a constant is no receiver of a method whose other operands are columns.

    Polars gives one row, whatever the height, for `lit == x` where x is one value all over, and for
    `lit.str.contains(x)`; a constant behind a column is well.
    """
    args = [lower(arg) for arg in call.args]
    varying = next((n for n, arg in enumerate(call.args) if columns_of(arg)), None)
    if varying is None:
        return args
    every = call.function in ("and", "or") or is_user_key(call.function)
    receivers = range(len(args)) if every else range(1)
    for n in receivers:
        if not columns_of(call.args[n]):
            args[n] = pl.when(args[varying].is_null().is_not_null()).then(args[n])
    return args


@lower.register
def _(expr: Cast) -> pl.Expr:
    return convert(lower(expr.arg), expr.arg.dtype, expr.dtype)


@lower.register
def _(expr: Case) -> pl.Expr:
    value = lower(expr.otherwise)
    for condition, then in reversed(expr.branches):
        value = pl.when(lower(condition)).then(lower(then)).otherwise(value)
    return value


def columns_of(expr: AnyExpr) -> frozenset[str]:
    """The physical names of all columns that `expr` reads."""
    match expr:
        case Column(name=name):
            return frozenset({name})
        case FieldOf(base=base):
            return columns_of(base)
        case Literal():
            return frozenset()
        case Call(args=args):
            return frozenset[str]().union(*map(columns_of, args))
        case Cast(arg=arg):
            return columns_of(arg)
        case Case(branches=branches, otherwise=otherwise):
            parts = [part for branch in branches for part in branch]
            return columns_of(otherwise).union(*map(columns_of, parts))
