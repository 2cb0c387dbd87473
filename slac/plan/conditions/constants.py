"""Conditions that have one answer before any row is seen: those without a column, and those that are always NULL."""

from __future__ import annotations

from typing import Literal as Choice

import polars as pl

from slac.plan.expressions import AnyExpr, Call, Case, Cast, FieldOf, Literal
from slac.plan.functions import FUNCTIONS
from slac.plan.lowering import columns_of, lower

__all__ = ["Answer", "answer"]

Answer = Choice["true", "false", "null", "open"]

_DIVISIONS = frozenset({"/", "//", "%"})


def answer(condition: AnyExpr) -> Answer:
    """The one answer that a condition gives for every row; "open" where it depends on the row."""
    if always_null(condition):
        return "null"
    if columns_of(condition):
        return "open"
    value = pl.select(lower(condition)).item()
    return "null" if value is None else "true" if value else "false"


def always_null(expr: AnyExpr) -> bool:
    """Whether an expression is NULL for every row, as far as NULL constants and divisions by zero tell."""
    match expr:
        case Literal(value=None):
            return True
        case Call(function=function, args=(_, Literal(value=0 | 0.0))) if function in _DIVISIONS:
            return True
        case Call(function="and" | "or", args=args):
            return all(always_null(a) for a in args)
        case Call(function="coalesce", args=args):
            return all(always_null(a) for a in args)
        case Call(function=function, args=args):
            # A document's own function may make something of a NULL.
            known = FUNCTIONS.get(function)
            return known is not None and known.nulls == "any" and any(always_null(a) for a in args)
        case Case(branches=branches, otherwise=otherwise):
            return always_null(otherwise) and all(always_null(then) for _, then in branches)
        case Cast(arg=inner) | FieldOf(base=inner):
            return always_null(inner)
        case _:
            return False
