"""Mathematical functions. Where a function has no real value (the root or the logarithm of a negative) it is NULL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from slac.plan.expressions import Call, Literal
from slac.plan.scalar.arithmetic import narrow
from slac.plan.scalar.function import Function, plain
from slac.plan.signatures import DURATION, FLOAT, INT, Constant, Param, overload

_MOST_DIGITS = 15


def _digits_problem(value: object) -> str | None:
    fits = isinstance(value, int) and 0 <= value <= _MOST_DIGITS
    return None if fits else f"must be between 0 and {_MOST_DIGITS}"


_DIGITS = Param(INT, Constant(what="the number of digits", problem=_digits_problem), optional=True)


def _absolute(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    # Int64 has one value without a positive counterpart; its magnitude exists only in 128 bits.
    return args[0].abs() if call.dtype == FLOAT else narrow(args[0].to_physical().cast(pl.Int128).abs(), call)


def _round(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    match call.args[1:]:
        case (Literal(value=int(digits)),):
            return _rounded(call, args[0], digits)
        case _:
            return _rounded(call, args[0], 0)


def _rounded(call: Call, a: pl.Expr, digits: int) -> pl.Expr:
    return a if call.dtype == INT else a.round(digits, mode="half_away_from_zero")


def _step(method: Callable[[pl.Expr], pl.Expr]) -> Callable[[Call, Sequence[pl.Expr]], pl.Expr]:
    return lambda call, args: args[0] if call.dtype == INT else method(args[0])


def _where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value)


def _raise(values: Sequence[pl.Series]) -> pl.Series:
    # The compiler names functions without computing any: numpy is loaded by those who do.
    import numpy as np

    """NumPy too takes another way where all exponents are one, so a different one is added to them."""
    bases, exponents = np.broadcast_arrays(values[0].to_numpy(), values[1].to_numpy())
    with np.errstate(all="ignore"):
        return pl.Series(np.power(np.append(bases, 1.0), np.append(exponents, 1.5))[:-1])


def _power(a: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """By NumPy, because Polars computes one exponent for all rows in another way than one for each.

    The last digit of a row would depend on what else is in its batch.
    """
    power = pl.map_batches([a, exponent], _raise, return_dtype=pl.Float64, is_elementwise=True)
    return pl.when(a.is_not_null() & exponent.is_not_null()).then(power)


def _sign(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    a = args[0].fill_nan(None) if call.args[0].dtype == FLOAT else args[0]
    return pl.when(a.gt(0)).then(1).when(a.lt(0)).then(-1).when(a.eq(0)).then(0).cast(pl.Int64)


def _real(key: str, of: Callable[[pl.Expr], pl.Expr]) -> Function:
    name = key.upper()
    rules = (overload([FLOAT], FLOAT),)
    return Function(key=key, usage=f"{name}(x)", rules=rules, lower=plain(of), nulls="always", names=(name,))


_NUMBER = (overload([INT], INT), overload([FLOAT], FLOAT))

FUNCTIONS: tuple[Function, ...] = (
    Function(
        key="abs",
        usage="ABS(x)",
        rules=(*_NUMBER, overload([DURATION], DURATION)),
        lower=_absolute,
        names=("ABS",),
        overflows=True,
    ),
    Function(
        key="round",
        usage="ROUND(x[, digits])",
        rules=(overload([INT, _DIGITS], INT), overload([FLOAT, _DIGITS], FLOAT)),
        lower=_round,
        names=("ROUND",),
    ),
    Function(key="floor", usage="FLOOR(x)", rules=_NUMBER, lower=_step(pl.Expr.floor), names=("FLOOR",)),
    Function(key="ceil", usage="CEIL(x)", rules=_NUMBER, lower=_step(pl.Expr.ceil), names=("CEIL", "CEILING")),
    _real("sqrt", lambda a: _where(a.ge(0), a.sqrt())),
    _real("ln", lambda a: _where(a.gt(0), a.log())),
    _real("log10", lambda a: _where(a.gt(0), a.log10())),
    Function(key="exp", usage="EXP(x)", rules=(overload([FLOAT], FLOAT),), lower=plain(pl.Expr.exp), names=("EXP",)),
    Function(
        key="power",
        usage="POWER(x, exponent)",
        rules=(overload([FLOAT, FLOAT], FLOAT),),
        lower=plain(_power),
        names=("POWER", "POW"),
    ),
    Function(
        key="sign",
        usage="SIGN(x)",
        rules=(overload([INT], INT), overload([FLOAT], INT)),
        lower=_sign,
        nulls="always",
        names=("SIGN",),
    ),
)
