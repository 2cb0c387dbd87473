"""Arithmetic over numbers, instants and lengths of time.

An integer result that does not fit 64 bits is NULL, never a wrapped number; `/` is true division; dividing by zero
gives NULL; `//` and `%` truncate toward zero. Floats follow IEEE 754.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from slac.plan.expressions import Call
from slac.plan.scalar.function import Function, plain
from slac.plan.signatures import DURATION, FLOAT, INT, TIMESTAMP, overload
from slac.stream.types import to_polars

Binary = Callable[[pl.Expr, pl.Expr], pl.Expr]


def _wide(a: pl.Expr) -> pl.Expr:
    """As a 128-bit integer (of microseconds where it is a time), in which no sum or product of two can overflow."""
    return a.to_physical().cast(pl.Int128)


def narrow(a: pl.Expr, call: Call) -> pl.Expr:
    """Back to the call's type; NULL where 64 bits are too few."""
    return a.cast(pl.Int64, strict=False).cast(to_polars(call.dtype))


def _exact(join: Binary) -> Callable[[Call, Sequence[pl.Expr]], pl.Expr]:
    """Floats as they are, everything else through 128 bits."""

    def lower(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
        a, b = args
        return join(a, b) if call.dtype == FLOAT else narrow(join(_wide(a), _wide(b)), call)

    return lower


def quotient(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """`a / b` over floats, correctly rounded; NULL where `b` is 0.

    Polars divides a column of two rows or more by a constant as a product with its reciprocal, which rounds twice: the
    result would depend on how rows are cut into batches. So the divisor is made a column.
    """
    return a / (_nonzero(b) * a.is_not_null().cast(pl.Float64))


def _nonzero(b: pl.Expr) -> pl.Expr:
    return pl.when(b.ne(0)).then(b)


def _multiply(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    if call.dtype == DURATION and FLOAT in {arg.dtype for arg in call.args}:
        a, b = (x.to_physical().cast(pl.Float64) for x in args)
        return narrow(_whole(a * b), call)
    return _exact(pl.Expr.mul)(call, args)


def _divide(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = (x.to_physical().cast(pl.Float64) for x in args)
    exact = quotient(a, b)
    return narrow(_whole(exact), call) if call.dtype == DURATION else exact


def _whole(a: pl.Expr) -> pl.Expr:
    return a.round(0, mode="half_to_even")


def _truncated(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """The quotient toward zero: Polars' own rounds down."""
    return a.abs().floordiv(b.abs()) * a.sign() * b.sign()


def _int_divide(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    return narrow(_truncated(_wide(args[0]), _wide(_nonzero(args[1]))), call)


def _remainder(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """The remainder with the sign of the dividend; it always fits."""
    floored = a % _nonzero(b)
    return pl.when(floored.ne(0) & (a.lt(0) ^ b.lt(0))).then(floored - b).otherwise(floored)


def _negate(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].neg() if call.dtype == FLOAT else narrow(0 - _wide(args[0]), call)


_SAME = (overload([INT, INT], INT), overload([FLOAT, FLOAT], FLOAT))

FUNCTIONS: tuple[Function, ...] = (
    Function(
        key="+",
        usage="a + b",
        rules=(
            *_SAME,
            overload([DURATION, DURATION], DURATION),
            overload([TIMESTAMP, DURATION], TIMESTAMP),
            overload([DURATION, TIMESTAMP], TIMESTAMP),
        ),
        lower=_exact(pl.Expr.add),
        overflows=True,
    ),
    Function(
        key="-",
        usage="a - b",
        rules=(
            *_SAME,
            overload([TIMESTAMP, TIMESTAMP], DURATION),
            overload([TIMESTAMP, DURATION], TIMESTAMP),
            overload([DURATION, DURATION], DURATION),
        ),
        lower=_exact(pl.Expr.sub),
        overflows=True,
    ),
    Function(
        key="*",
        usage="a * b",
        rules=(
            *_SAME,
            overload([DURATION, INT], DURATION),
            overload([INT, DURATION], DURATION),
            overload([DURATION, FLOAT], DURATION),
            overload([FLOAT, DURATION], DURATION),
        ),
        lower=_multiply,
        overflows=True,
    ),
    Function(
        key="/",
        usage="a / b",
        rules=(
            overload([FLOAT, FLOAT], FLOAT),
            overload([DURATION, FLOAT], DURATION),
            overload([DURATION, DURATION], FLOAT),
        ),
        lower=_divide,
        nulls="always",
    ),
    Function(key="//", usage="a // b", rules=(overload([INT, INT], INT),), lower=_int_divide, nulls="always"),
    Function(
        key="%",
        usage="a % b",
        rules=(overload([INT, INT], INT),),
        lower=plain(_remainder),
        nulls="always",
        names=("MOD",),
    ),
    Function(
        key="negate",
        usage="-a",
        rules=(overload([INT], INT), overload([FLOAT], FLOAT), overload([DURATION], DURATION)),
        lower=_negate,
        overflows=True,
    ),
)
