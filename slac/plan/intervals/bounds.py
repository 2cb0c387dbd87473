"""How far the values of an expression are known, as expressions of their own.

Numbers, durations, timestamps and conditions lie between two bounds; of a condition they are whether it is certainly,
and whether it is possibly true. Of all else it is only known whether it is certain. An expression without bounds is
exact. A bound is NULL where the value is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from slac.plan.expressions import AnyExpr, Call, Case, Cast, Literal
from slac.plan.signatures import BOOL, FLOAT
from slac.stream.types import AnyType, Bool, Duration, Float, Int, Timestamp

FARTHEST = 1 << 55
"""µs (some 1141 years): further than any time or duration that means something, yet with room to be added to."""
_FAR = timedelta(microseconds=FARTHEST - (1 << 52))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Between:
    """Both included; of numbers they are floats, else of the type of the value."""

    low: AnyExpr
    high: AnyExpr


@dataclass(frozen=True, slots=True)
class Unsure:
    """`when`: where the value may be another one."""

    when: AnyExpr


Bounds: TypeAlias = Between | Unsure


def has_order(dtype: AnyType) -> bool:
    """Whether values of a type have bounds."""
    return isinstance(dtype, Bool | Int | Float | Duration | Timestamp)


def call(function: str, *args: AnyExpr, dtype: AnyType = BOOL) -> AnyExpr:
    """A call of a function that is there."""
    return Call(function=function, args=args, dtype=dtype)


def negated(condition: AnyExpr) -> AnyExpr:
    """NOT."""
    return call("not", condition)


def any_of(conditions: Iterable[AnyExpr]) -> AnyExpr:
    """OR of at least one."""
    found = list(dict.fromkeys(conditions))
    return found[0] if len(found) == 1 else call("or", *found)


def either(condition: AnyExpr, then: AnyExpr, otherwise: AnyExpr) -> AnyExpr:
    """CASE WHEN."""
    return Case(branches=((condition, then),), otherwise=otherwise, dtype=otherwise.dtype)


def as_bound(value: AnyExpr) -> AnyExpr:
    """An exact value as one of its bounds."""
    return Cast(arg=value, dtype=FLOAT) if isinstance(value.dtype, Int) else value


def between(value: AnyExpr, bounds: Bounds | None) -> Between:
    """The bounds of a value of a type that has an order; as far apart as can be where it is unsure."""
    match bounds:
        case Between():
            return bounds
        case Unsure(when=when):
            return unknown(value, when)
        case None:
            return Between(as_bound(value), as_bound(value))


def unknown(value: AnyExpr, when: AnyExpr) -> Between:
    """Anything, where `when` is true and there is a value."""
    bound = as_bound(value)
    if isinstance(value.dtype, Bool):
        return Between(call("and", value, negated(when)), call("or", value, when))
    if isinstance(bound.dtype, Float):
        least, most = -math.inf, math.inf
    else:
        least, most = -FARTHEST, FARTHEST
    there = call("and", when, negated(call("is_null", value)))
    return Between(*(either(there, Literal(value=v, dtype=bound.dtype), bound) for v in (least, most)))


def is_far(value: object) -> bool:
    """Whether an end says nothing: no finite number, or as far as `FARTHEST`, also where it was moved by a century."""
    match value:
        case float():
            return not math.isfinite(value)
        case timedelta():
            return abs(value) >= _FAR
        case datetime():
            return abs(value - _EPOCH) >= _FAR
        case _:
            return False


def unsure(bounds: Bounds) -> AnyExpr:
    """Whether a value may be another one."""
    match bounds:
        case Between(low=low, high=high):
            return call("is_distinct", low, high)
        case Unsure(when=when):
            return when


def unsure_among(bounds: Sequence[Bounds | None]) -> AnyExpr | None:
    """Whether any of some values may be another one; None where all are exact."""
    found = [unsure(one) for one in bounds if one is not None]
    return any_of(found) if found else None


def of_result(value: AnyExpr, when: AnyExpr | None) -> Bounds | None:
    """The bounds of what is computed in a way that says nothing of bounds."""
    if when is None:
        return None
    return unknown(value, when) if has_order(value.dtype) else Unsure(when)
