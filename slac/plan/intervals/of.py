"""The bounds of an expression from those of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal
from slac.plan.intervals.arithmetic import FORMS
from slac.plan.intervals.bounds import (
    Between,
    Bounds,
    Unsure,
    any_of,
    between,
    call,
    either,
    has_order,
    negated,
    of_result,
    unknown,
    unsure_among,
)
from slac.plan.signatures import FLOAT
from slac.stream.types import Bool, Float, Int


def bounds_of(expr: AnyExpr, known: Mapping[str, Bounds]) -> Bounds | None:
    """What `expr` may be, given what the columns `known` may be; None where it is exact."""
    match expr:
        case Column(name=name):
            return known.get(name)
        case FieldOf(base=base):
            return of_result(expr, unsure_among([bounds_of(base, known)]))
        case Literal():
            return None
        case Cast():
            return _cast(expr, known)
        case Call(args=args):
            found = [bounds_of(arg, known) for arg in args]
            return _call(expr, found) if any(one is not None for one in found) else None
        case Case():
            return _case(expr, known)


def _cast(expr: Cast, known: Mapping[str, Bounds]) -> Bounds | None:
    bounds = bounds_of(expr.arg, known)
    match bounds, expr.arg.dtype, expr.dtype:
        case Between(), Int() | Float(), Float():
            return bounds
        case Between(low=low, high=high), Int() | Float(), Int():
            return Between(call("floor", low, dtype=FLOAT), call("ceil", high, dtype=FLOAT))
        case _:
            return of_result(expr, unsure_among([bounds]))


def _call(expr: Call, bounds: list[Bounds | None]) -> Bounds | None:
    form = FORMS.get(expr.function)
    made = None if form is None else form(expr, bounds)
    return of_result(expr, unsure_among(bounds)) if made is None else made


def _case(expr: Case, known: Mapping[str, Bounds]) -> Bounds | None:
    """Undecided from the first undecided WHEN on, unless all branches that are still possible agree."""
    conditions = [bounds_of(when, known) for when, _ in expr.branches]
    values = [bounds_of(then, known) for _, then in expr.branches]
    last = bounds_of(expr.otherwise, known)
    if all(one is None for one in (*conditions, *values, last)):
        return None
    tests = [between(when, one) for (when, _), one in zip(expr.branches, conditions, strict=True)]
    branches = [(then, one) for (_, then), one in zip(expr.branches, values, strict=True)]
    possible = list(zip(_reached(tests), [*branches, (expr.otherwise, last)], strict=True))
    return _hull(expr, possible) if has_order(expr.dtype) else Unsure(_disagreeing(expr, possible))


_Possible = tuple[AnyExpr, tuple[AnyExpr, Bounds | None]]
"""Whether a branch may be the one, and what it gives."""


def _reached(tests: Sequence[Between]) -> list[AnyExpr]:
    """Of each branch, and of ELSE: its condition may be true, and none before it is certainly so."""
    found: list[AnyExpr] = []
    before: list[AnyExpr] = []
    for test in tests:
        found.append(_all_of([call("is_true", test.high), *before]))
        before.append(negated(call("is_true", test.low)))
    return [*found, _all_of(before)]


def _disagreeing(expr: Case, possible: Sequence[_Possible]) -> AnyExpr:
    """Whether some branch may be the one that gives another value than `expr` has."""
    found = []
    for reached, (value, bounds) in possible:
        doubts = [call("is_distinct", value, expr), *(d for d in [unsure_among([bounds])] if d is not None)]
        found.append(call("and", reached, any_of(doubts)))
    return any_of(found)


def _hull(expr: Case, possible: Sequence[_Possible]) -> Bounds:
    sides = [(reached, between(value, bounds)) for reached, (value, bounds) in possible]
    if isinstance(expr.dtype, Bool):
        high = any_of(call("and", reached, one.high) for reached, one in sides)
        low = _all_of([call("or", negated(reached), one.low) for reached, one in sides])
        return Between(low, high)
    dtype = sides[0][1].low.dtype
    nothing = Literal(value=None, dtype=dtype)
    lows, highs = ([either(r, getattr(one, end), nothing) for r, one in sides] for end in ("low", "high"))
    is_null = call("is_null", expr)
    mixed = any_of(
        call("and", reached, call("is_distinct", call("is_null", value), is_null)) for reached, (value, _) in possible
    )
    far = unknown(call("coalesce", expr, *(value for _, (value, _) in possible), dtype=expr.dtype), mixed)
    low, high = call("least", *lows, dtype=dtype), call("greatest", *highs, dtype=dtype)
    return Between(either(mixed, far.low, low), either(mixed, far.high, high))


def _all_of(conditions: Sequence[AnyExpr]) -> AnyExpr:
    return conditions[0] if len(conditions) == 1 else call("and", *conditions)
