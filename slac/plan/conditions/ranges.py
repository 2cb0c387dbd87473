"""Which values an expression can have, from what is known of the columns that it reads.

Numbers are followed through arithmetic as closed ranges; of two counts of one group, one of which counts some of the
rows of the other, the quotient is seen to lie between 0 and 1. What is not followed can have every value of its type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Final

from slac.plan.conditions.known import Facts, Origin
from slac.plan.conditions.values import BOTTOM, TOP, ValueSet, domain_of
from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, Literal
from slac.stream.types import AnyType, Float, Int

__all__ = ["Range", "hull", "never_greater", "range_of", "values_of"]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; without a bound: ±infinity."""

    low: float
    high: float

    @property
    def is_whole(self) -> bool:
        """Whether it says nothing."""
        return self.low == -math.inf and self.high == math.inf


_WHOLE: Final = Range(-math.inf, math.inf)
_UPWARDS: Final = Range(0, math.inf)


def values_of(expr: AnyExpr, facts: Facts) -> ValueSet:
    """The values that `expr` can have over rows of which `facts` are known, with NULL where it may be NULL."""
    match expr:
        case Column(name=name) if (known := facts.values(name)) is not None:
            return ValueSet(known.spans, known.null and expr.nullable)
        case Literal(value=None):
            return ValueSet(null=True)
        case Literal(value=value) if (domain := domain_of(expr.dtype)) is not None:
            return domain.point(value)
        case Case(branches=branches, otherwise=otherwise):
            outcomes = [values_of(then, facts) for _, then in branches]
            return reduce(ValueSet.union, outcomes, values_of(otherwise, facts))
        case Call(function="coalesce", args=args):
            several = reduce(ValueSet.union, (values_of(a, facts) for a in args))
            return ValueSet(several.spans, expr.nullable)
        case _:
            return _numbers(expr, facts)


def range_of(expr: AnyExpr, facts: Facts) -> Range:
    """The range that the numbers of `expr` lie in."""
    match expr:
        case Cast(arg=arg) if _is_number(arg.dtype) and expr.dtype == Float():
            return range_of(arg, facts)
        case Call(function="/", args=(above, below)):
            return _quotient(above, below, facts)
        case Call(function="-", args=(left, right)) if never_greater(right, left, facts):
            return Range(0, max(0.0, range_of(left, facts).high - range_of(right, facts).low))
        case Call(function=function, args=args) if function in _FOLLOWED:
            return _FOLLOWED[function](*(range_of(a, facts) for a in args))
        case Column() | Literal() | Case():
            return hull(values_of(expr, facts), expr.dtype)
        case Call(function="coalesce"):
            return hull(values_of(expr, facts), expr.dtype)
        case _:
            return _WHOLE


def hull(values: ValueSet, dtype: AnyType) -> Range:
    """The range around numbers; the whole line for what is no number, or no value at all."""
    if not values.spans or not _is_number(dtype):
        return _WHOLE
    low, high = values.spans[0][0], values.spans[-1][1]
    step = 1 if dtype == Int() else 0
    return Range(-math.inf if low == BOTTOM else low[1], math.inf if high == TOP else high[1] - step)


def never_greater(one: AnyExpr, other: AnyExpr, facts: Facts) -> bool:
    """Whether `one` is for certain not greater than `other` in the same row (neither is negative then)."""
    first, second = _total(one, facts), _total(other, facts)
    if first is not None and second is not None:
        return first.at_most(second)
    match _inner(one):
        case Call(function="-", args=(left, right)) if second is not None:
            return never_greater(right, left, facts) and never_greater(left, other, facts)
        case _:
            return False


def _numbers(expr: AnyExpr, facts: Facts) -> ValueSet:
    domain = domain_of(expr.dtype)
    if domain is None:
        return ValueSet(((BOTTOM, TOP),), expr.nullable)
    found = range_of(expr, facts) if _is_number(expr.dtype) and not isinstance(expr, Column) else _WHOLE
    if found.is_whole:
        return ValueSet(domain.whole.spans, expr.nullable)
    inside = domain.above(found.low, closed=True).intersection(domain.below(found.high, closed=True))
    return ValueSet(inside.spans, expr.nullable)


def _is_number(dtype: AnyType) -> bool:
    return isinstance(dtype, Int | Float)


def _inner(expr: AnyExpr) -> AnyExpr:
    return expr.arg if isinstance(expr, Cast) and _is_number(expr.arg.dtype) else expr


def _total(expr: AnyExpr, facts: Facts) -> Origin | None:
    inner = _inner(expr)
    return facts.origin(inner.name) if isinstance(inner, Column) else None


def _scaled(expr: AnyExpr) -> tuple[float, AnyExpr]:
    """A positive constant factor and what it multiplies."""
    match _inner(expr):
        case Call(function="*", args=(Literal(value=int() | float() as factor), rest)) if factor > 0:
            return float(factor), rest
        case Call(function="*", args=(rest, Literal(value=int() | float() as factor))) if factor > 0:
            return float(factor), rest
        case _:
            return 1.0, expr


def _quotient(above: AnyExpr, below: AnyExpr, facts: Facts) -> Range:
    (more, part), (less, whole) = _scaled(above), _scaled(below)
    if never_greater(part, whole, facts):
        return Range(0, more / less)
    a, b = range_of(above, facts), range_of(below, facts)
    if b.low == b.high and b.low not in (0, math.inf, -math.inf):
        return _times(a, Range(1 / b.low, 1 / b.low))
    # Division by zero is NULL, so a divisor that is not negative is positive.
    return _UPWARDS if a.low >= 0 and b.low >= 0 else _WHOLE


def _times(a: Range, b: Range) -> Range:
    products = [_product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Range(min(products), max(products))


def _product(x: float, y: float) -> float:
    return 0.0 if 0 in (x, y) else x * y


def _absolute(a: Range) -> Range:
    high = max(abs(a.low), abs(a.high))
    return Range(0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high)), high)


def _root(a: Range) -> Range:
    return Range(math.sqrt(max(a.low, 0)), math.inf if a.high == math.inf else math.sqrt(max(a.high, 0)))


def _round(a: Range, digits: Range | None = None) -> Range:
    """Rounded half away from zero, a value stays between the roundings of its bounds; outwards is enough here."""
    return Range(
        math.floor(a.low) if math.isfinite(a.low) else a.low, math.ceil(a.high) if a.high < math.inf else a.high
    )


def _around(several: Sequence[Range]) -> Range:
    """NULL is skipped, so any of them may be the result."""
    return Range(min(r.low for r in several), max(r.high for r in several))


_FOLLOWED: Final[Mapping[str, Callable[..., Range]]] = MappingProxyType(
    {
        "+": lambda a, b: Range(a.low + b.low, a.high + b.high),
        "-": lambda a, b: Range(a.low - b.high, a.high - b.low),
        "*": _times,
        "negate": lambda a: Range(-a.high, -a.low),
        "abs": _absolute,
        "sqrt": _root,
        "round": _round,
        "floor": _round,
        "ceil": _round,
        "exp": lambda _: _UPWARDS,
        "sign": lambda _: Range(-1, 1),
        "length": lambda _: _UPWARDS,
        "strpos": lambda *_: _UPWARDS,
        "greatest": lambda *several: _around(several),
        "least": lambda *several: _around(several),
    }
)
"""Functions that are followed, by their key: from the ranges of the arguments to that of the result."""
