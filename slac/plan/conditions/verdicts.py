"""Conditions that no row can meet, and those that every row with a value meets, by what is known of the columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as Choice

from slac.plan.conditions.known import Facts
from slac.plan.conditions.ranges import never_greater, range_of, values_of
from slac.plan.conditions.regions import Region, truth_of
from slac.plan.expressions import AnyExpr, Call, Case, Cast, FieldOf, Literal
from slac.plan.lowering import columns_of

__all__ = ["Verdict", "comparisons", "verdict"]

Verdict = Choice["never", "always", "open"]

_ORDER = frozenset({"<", "<=", ">", ">="})
_COMPARISONS = frozenset({"=", "<>", *_ORDER, "in"})
_TESTS = frozenset({"is_null", "is_true", "is_false", "is_distinct", "is_not_distinct"})
"""Questions about NULL are asked to be on the safe side: that the answer is known is no slip."""
_OPPOSITE: dict[Verdict, Verdict] = {"never": "always", "always": "never", "open": "open"}


def verdict(condition: AnyExpr, facts: Facts) -> Verdict:
    """Whether rows of which `facts` are known never meet a condition, or always, or neither for certain.

    "always" leaves out the rows for which it is NULL. A condition that reads no column is not judged.
    """
    return _judged(condition, facts) if columns_of(condition) else "open"


def comparisons(expr: AnyExpr) -> Iterator[Call]:
    """The comparisons inside an expression, from left to right, those that it computes with too."""
    match expr:
        case Call(function=function) if function in _COMPARISONS:
            yield expr
        case Call(args=args):
            yield from (c for a in args for c in comparisons(a))
        case Case(branches=branches, otherwise=otherwise):
            yield from (c for branch in branches for part in branch for c in comparisons(part))
            yield from comparisons(otherwise)
        case Cast(arg=inner) | FieldOf(base=inner):
            yield from comparisons(inner)
        case _:
            return


def _judged(condition: AnyExpr, facts: Facts) -> Verdict:
    if isinstance(condition, Call) and condition.function in _TESTS:
        return "open"
    truth = truth_of(condition)
    if _impossible(truth.true, facts):
        return "never"
    judged = _COMPARISONS | {"and", "or"}
    if _impossible(truth.false, facts) and isinstance(condition, Call) and condition.function in judged:
        return "always"
    match condition:
        case Call(function="and", args=args):
            return _all([_judged(a, facts) for a in args])
        case Call(function="or", args=args):
            return _OPPOSITE[_all([_OPPOSITE[_judged(a, facts)] for a in args])]
        case Call(function="not", args=(arg,)):
            return _OPPOSITE[_judged(arg, facts)]
        case Call(function=function, args=(left, right)) if function in _ORDER:
            return _ordered(function, left, right, facts)
        case _:
            return "open"


def _all(parts: list[Verdict]) -> Verdict:
    if "never" in parts:
        return "never"
    return "always" if all(p == "always" for p in parts) else "open"


def _impossible(region: Region, facts: Facts) -> bool:
    if region.empty:
        return True
    return any(values.intersection(values_of(term, facts)).empty for term, values in region.terms.items())


def _ordered(function: str, left: AnyExpr, right: AnyExpr, facts: Facts) -> Verdict:
    """Two sides of which neither is a constant."""
    if isinstance(left, Literal) or isinstance(right, Literal):
        return "open"
    if function in (">", ">="):
        return _ordered({">": "<", ">=": "<="}[function], right, left, facts)
    a, b = range_of(left, facts), range_of(right, facts)
    if function == "<":
        never = a.low >= b.high or never_greater(right, left, facts)
        return "never" if never else "always" if a.high < b.low else "open"
    always = a.high <= b.low or never_greater(left, right, facts)
    return "always" if always else "never" if a.low > b.high else "open"
