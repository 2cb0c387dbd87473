"""Aggregates over rows that are estimates themselves: what they are at least and at most, from calls of their own.

Beside a call `_a0` there are `_a0<` and `_a0>`, the same over the lower and upper bounds of its values and over the
rows that certainly, or possibly, count; and `_a0?`, which counts the rows that leave open what no such call tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from slac.plan.expressions import AggregateCall, AnyExpr, Case, Column, Literal
from slac.plan.intervals.bounds import (
    Between,
    Bounds,
    Unsure,
    any_of,
    between,
    call,
    either,
    negated,
    of_result,
    unknown,
    unsure_among,
)
from slac.plan.intervals.of import bounds_of
from slac.plan.signatures import BOOL, FLOAT, INT
from slac.stream.batch import UNDECIDED
from slac.stream.types import Bool, Int

_RISING: Final = frozenset(("avg", "min", "max", "share", "bool_or", "bool_and", "quantile", "median"))
"""What rises with each of its values."""
_RANKED: Final = frozenset(("worst", "best"))
_OPEN: Final = call("is_true", Column(name=UNDECIDED, dtype=BOOL))
_TRUE: Final = Literal(value=True, dtype=BOOL)
_FALSE: Final = Literal(value=False, dtype=BOOL)
_ENDLESS: Final = Literal(value=math.inf, dtype=FLOAT)
_NOTHING: Final = Literal(value=0, dtype=INT)


def with_doubts(calls: Sequence[AggregateCall], known: Mapping[str, Bounds]) -> tuple[AggregateCall, ...]:
    """The calls with those beside them; `known`: the bounds of the columns of the rows."""
    return (*calls, *(one for c in calls for one in _beside(c, known)))


def is_doubt(one: AggregateCall) -> bool:
    """Whether a call stands beside another one."""
    return one.name[-1] in "<>?"


def has_doubts(calls: Sequence[AggregateCall]) -> bool:
    """Whether rows of these may be estimates."""
    return any(map(is_doubt, calls))


def _beside(one: AggregateCall, known: Mapping[str, Bounds]) -> list[AggregateCall]:
    asked = one.where if one.where is not None else _TRUE
    where = between(asked, bounds_of(asked, known))
    certain = call("and", call("is_true", where.low), negated(_OPEN))
    possible = call("is_true", where.high)
    if one.function == "count":
        return [replace(one, name=f"{one.name}<", where=certain), replace(one, name=f"{one.name}>", where=possible)]
    doubt = call("and", possible, negated(certain))
    endless = _endless(one, known)
    if one.function == "sum":
        return [*_sums(one, known, certain, possible), _counted(one, call("and", possible, endless))]
    if one.function in _RISING:
        adds = one.function == "avg"
        return [*_ends(one, known), _counted(one, any_of([doubt, call("and", possible, endless)]) if adds else doubt)]
    found = unsure_among([bounds_of(arg, known) for arg in one.args])
    unsure = doubt if found is None else call("and", possible, any_of([found, negated(certain)]))
    if one.function in _RANKED:
        sure = call("and", certain, negated(unsure))
        return [replace(one, name=f"{one.name}<", where=sure), _counted(one, unsure)]
    return [_counted(one, unsure)]


def _endless(one: AggregateCall, known: Mapping[str, Bounds]) -> AnyExpr:
    """Whether a value has no bound on some side: no sum takes that."""
    bounds = bounds_of(one.args[0], known) if one.args else None
    value = between(one.args[0], bounds) if bounds is not None else None
    if value is None or value.low.dtype != FLOAT:
        return _FALSE
    ends = (call("abs", side, dtype=FLOAT) for side in (value.low, value.high))
    return call("is_true", any_of(call("=", end, _ENDLESS) for end in ends))


def _counted(one: AggregateCall, where: AnyExpr) -> AggregateCall:
    return AggregateCall(name=f"{one.name}?", function="count", where=where, dtype=INT, nullable=False)


def _ends(one: AggregateCall, known: Mapping[str, Bounds]) -> list[AggregateCall]:
    value = between(one.args[0], bounds_of(one.args[0], known))
    dtype = FLOAT if isinstance(one.dtype, Int) else one.dtype
    sides = {"<": value.low, ">": value.high}
    return [replace(one, name=f"{one.name}{end}", args=(arg,), dtype=dtype) for end, arg in sides.items()]


def _sums(one: AggregateCall, known: Mapping[str, Bounds], certain: AnyExpr, possible: AnyExpr) -> list[AggregateCall]:
    """A row that only possibly counts adds nothing, or its value."""
    value = between(one.args[0], bounds_of(one.args[0], known))
    dtype = value.low.dtype
    zero = Literal(value=0.0 if dtype == FLOAT else 0, dtype=dtype)
    made = []
    for end, side, outer in (("<", value.low, "least"), (">", value.high, "greatest")):
        perhaps = call(outer, side, zero, dtype=dtype)
        arg = Case(
            branches=((certain, side), (possible, perhaps)), otherwise=Literal(value=None, dtype=dtype), dtype=dtype
        )
        made.append(replace(one, name=f"{one.name}{end}", args=(arg,), where=None, dtype=dtype))
    return made


def doubted(
    one: AggregateCall, own: Bounds, calls: Mapping[str, AggregateCall], of: Callable[[AggregateCall], Bounds]
) -> Bounds:
    """The bounds of a call from those of the calls beside it; `own`: what its rows' weights leave open."""
    low, high, doubt = (calls.get(f"{one.name}{end}") for end in "<>?")
    value = Column(name=one.name, dtype=one.dtype)
    is_open = None if doubt is None else call(">", Column(name=doubt.name, dtype=INT), _NOTHING)
    if low is not None and high is not None:
        own = Between(_side(low, of, lower=True), _side(high, of, lower=False))
        if is_open is None:
            return own
    assert is_open is not None
    if isinstance(own, Between):
        if isinstance(one.dtype, Bool):
            return Between(call("and", own.low, negated(is_open)), call("or", own.high, is_open))
        far = unknown(value, is_open)
        return Between(either(is_open, far.low, own.low), either(is_open, far.high, own.high))
    if low is not None:
        last = one.options[-1] if one.function == "worst" else one.options[0]
        reached = call("is_not_distinct", Column(name=low.name, dtype=one.dtype), Literal(value=last, dtype=one.dtype))
        return Unsure(call("and", any_of([own.when, is_open]), negated(reached)))
    return of_result(value, any_of([is_open, own.when])) or own


def _side(one: AggregateCall, of: Callable[[AggregateCall], Bounds], *, lower: bool) -> AnyExpr:
    found = between(Column(name=one.name, dtype=one.dtype), of(one))
    return found.low if lower else found.high
