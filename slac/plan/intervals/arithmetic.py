"""Interval arithmetic: what a function of values between bounds lies between.

A form gives None where it says nothing of bounds; the result is then unsure wherever an argument is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from slac.plan.expressions import AnyExpr, Call, Literal
from slac.plan.intervals.bounds import (
    FARTHEST,
    Between,
    Bounds,
    Unsure,
    any_of,
    between,
    call,
    either,
    has_order,
    negated,
    unknown,
    unsure,
)
from slac.plan.signatures import FLOAT
from slac.stream.types import AnyType, Bool, Duration, Float, Int

Form: TypeAlias = Callable[[Call, Sequence[Bounds | None]], Bounds | None]


def _sides(expr: Call, bounds: Sequence[Bounds | None]) -> list[Between] | None:
    if not all(has_order(arg.dtype) for arg in expr.args):
        return None
    return [between(arg, one) for arg, one in zip(expr.args, bounds, strict=True)]


def _type(expr: Call) -> AnyType:
    """Of the bounds of a result."""
    return FLOAT if isinstance(expr.dtype, Int) else expr.dtype


def _sum(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    sides = _sides(expr, bounds)
    if sides is None:
        return None
    a, b = sides
    return Between(call("+", a.low, b.low, dtype=_type(expr)), call("+", a.high, b.high, dtype=_type(expr)))


def _difference(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    sides = _sides(expr, bounds)
    if sides is None:
        return None
    a, b = sides
    return Between(call("-", a.low, b.high, dtype=_type(expr)), call("-", a.high, b.low, dtype=_type(expr)))


def _extremes(corners: Sequence[AnyExpr]) -> Between:
    dtype = corners[0].dtype
    return Between(call("least", *corners, dtype=dtype), call("greatest", *corners, dtype=dtype))


def _product(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    sides = _sides(expr, bounds)
    if sides is None:
        return None
    a, b = sides
    return _extremes([_times(x, y, _type(expr)) for x in _ends(a) for y in _ends(b)])


def _times(x: AnyExpr, y: AnyExpr, dtype: AnyType) -> AnyExpr:
    """Nothing times what is unbounded is nothing."""
    product = call("*", x, y, dtype=dtype)
    if not isinstance(dtype, Float):
        return product
    nothing = any_of([call("=", side, _number(0.0, side.dtype)) for side in (x, y)])
    present = call("and", nothing, *(negated(call("is_null", side)) for side in (x, y)))
    return either(present, _number(0.0, dtype), product)


def _ends(one: Between) -> list[AnyExpr]:
    return [one.low] if one.low == one.high else [one.low, one.high]


def _number(value: float, dtype: AnyType) -> AnyExpr:
    return Literal(value=value if isinstance(dtype, Float) else int(value), dtype=dtype)


def _quotient(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    sides = _sides(expr, bounds)
    if sides is None:
        return None
    a, b = sides
    found = _extremes([call("/", x, y, dtype=expr.dtype) for x in _ends(a) for y in _ends(b)])
    zero = _number(0.0, b.low.dtype)
    around = call("and", call("<=", b.low, zero), call(">=", b.high, zero), call("<", b.low, b.high))
    limitless = any_of([around, *(call("=", call("abs", e, dtype=e.dtype), _limit(e)) for e in (*_ends(a), *_ends(b)))])
    if isinstance(a.low.dtype, Duration):
        limitless = around
    # Of a divisor that may be nothing the result may be NULL, too, and anything.
    value = call("coalesce", expr, _number(0.0, expr.dtype), dtype=expr.dtype)
    far = unknown(value, limitless)
    return Between(either(limitless, far.low, found.low), either(limitless, far.high, found.high))


def _limit(side: AnyExpr) -> AnyExpr:
    return _number(math.inf, side.dtype) if isinstance(side.dtype, Float) else _number(FARTHEST, side.dtype)


def _negation(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    one = between(expr.args[0], bounds[0])
    return Between(*(call("negate", side, dtype=side.dtype) for side in (one.high, one.low)))


def _absolute(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    one = between(expr.args[0], bounds[0])
    low, high = (call("abs", side, dtype=side.dtype) for side in (one.low, one.high))
    zero = _number(0.0, one.low.dtype)
    around = call("and", call("<", one.low, zero), call(">", one.high, zero))
    ends = _extremes([low, high])
    return Between(either(around, zero, ends.low), ends.high)


def _rising(domain: float | None = None, edge: float = 0.0) -> Form:
    """A function that does not fall; below its domain a lower bound is taken to be `edge`."""

    def form(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
        one = between(expr.args[0], bounds[0])
        low, high = (call(expr.function, side, *expr.args[1:], dtype=_type(expr)) for side in (one.low, one.high))
        if domain is not None:
            outside = call("and", call("<=", one.low, _number(domain, FLOAT)), negated(call("is_null", high)))
            low = either(outside, _number(edge, FLOAT), low)
        return Between(low, high)

    return form


def _each(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    """Of functions that do not fall in any argument."""
    sides = _sides(expr, bounds)
    if sides is None:
        return None
    lows, highs = ([getattr(s, end) for s in sides] for end in ("low", "high"))
    return Between(*(call(expr.function, *ends, dtype=_type(expr)) for ends in (lows, highs)))


def _power(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    match expr.args:
        case (base, Literal(value=float() | int() as exponent)) if exponent > 0 and not isinstance(exponent, bool):
            one = between(base, bounds[0])
            negative = call("<", one.low, _number(0.0, FLOAT))
            sides = [call("power", side, expr.args[1], dtype=FLOAT) for side in (one.low, one.high)]
            far = unknown(expr, call("and", negative, call("is_distinct", one.low, one.high)))
            low, high = far.low, far.high
            return Between(either(negative, low, sides[0]), either(negative, high, sides[1]))
        case _:
            return None


def _not(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    one = between(expr.args[0], bounds[0])
    return Between(negated(one.high), negated(one.low))


def _less(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    sides = _sides(expr, bounds)
    if sides is None or isinstance(expr.args[0].dtype, Bool):
        return None
    a, b = sides if expr.function in ("<", "<=") else sides[::-1]
    strict = "<" if expr.function in ("<", ">") else "<="
    return Between(call(strict, a.high, b.low), call(strict, a.low, b.high))


def _equal(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    sides = _sides(expr, bounds)
    if sides is None or isinstance(expr.args[0].dtype, Bool):
        return None
    a, b = sides
    possible = call("and", call("<=", a.low, b.high), call("<=", b.low, a.high))
    certain = call("and", call(">=", a.low, b.high), call(">=", b.low, a.high))
    return Between(certain, possible) if expr.function == "=" else Between(negated(possible), negated(certain))


def _in(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    if any(one is not None for one in bounds[1:]) or not has_order(expr.args[0].dtype):
        return None
    tests = [Call(function="=", args=(expr.args[0], item), dtype=Bool()) for item in expr.args[1:]]
    found = [_equal(test, [bounds[0], None]) or Unsure(unsure(bounds[0])) for test in tests if bounds[0] is not None]
    sides = [between(test, one) for test, one in zip(tests, found, strict=True)]
    return Between(any_of(s.low for s in sides), any_of(s.high for s in sides))


def _is_true(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    one = between(expr.args[0], bounds[0])
    low, high = (one.low, one.high) if expr.function == "is_true" else (one.high, one.low)
    return Between(call(expr.function, low), call(expr.function, high))


def _is_null(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    """Whether there is a value does not depend on which one."""
    del bounds
    return Between(expr, expr)


def _bound(expr: Call, bounds: Sequence[Bounds | None]) -> Bounds | None:
    """LOW and HIGH are what they are."""
    one = between(expr.args[0], bounds[0])
    side = one.low if expr.function == "low" else one.high
    return Between(side, side)


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "+": _sum,
        "-": _difference,
        "*": _product,
        "/": _quotient,
        "negate": _negation,
        "abs": _absolute,
        "round": _rising(),
        "floor": _rising(),
        "ceil": _rising(),
        "exp": _rising(),
        "seconds": _rising(),
        "millis": _rising(),
        "sqrt": _rising(0.0),
        "ln": _rising(0.0, -math.inf),
        "log10": _rising(0.0, -math.inf),
        "power": _power,
        "greatest": _each,
        "least": _each,
        "coalesce": _each,
        "and": _each,
        "or": _each,
        "not": _not,
        "<": _less,
        "<=": _less,
        ">": _less,
        ">=": _less,
        "=": _equal,
        "<>": _equal,
        "in": _in,
        "is_true": _is_true,
        "is_false": _is_true,
        "is_null": _is_null,
    }
)
