"""Functions of instants and lengths of time; fields of an instant are those of UTC, a week begins on Monday."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from slac.plan.expressions import Call, Literal
from slac.plan.scalar.arithmetic import quotient
from slac.plan.scalar.function import Function, plain
from slac.plan.signatures import DURATION, FLOAT, INT, STRING, TIMESTAMP, Constant, Param, overload
from slac.stream.batch import TIME_TYPE

_SECOND = 1_000_000
_MILLISECOND = 1_000


def _seconds(a: pl.Expr) -> pl.Expr:
    return quotient(a.to_physical().cast(pl.Float64), pl.lit(float(_SECOND)))


def _int(part: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
    return lambda a: part(a).cast(pl.Int64)


FIELDS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = MappingProxyType(
    {
        "year": _int(lambda a: a.dt.year()),
        "quarter": _int(lambda a: a.dt.quarter()),
        "month": _int(lambda a: a.dt.month()),
        "week": _int(lambda a: a.dt.week()),
        "day": _int(lambda a: a.dt.day()),
        "dow": _int(lambda a: a.dt.weekday() % 7),
        "isodow": _int(lambda a: a.dt.weekday()),
        "doy": _int(lambda a: a.dt.ordinal_day()),
        "hour": _int(lambda a: a.dt.hour()),
        "minute": _int(lambda a: a.dt.minute()),
        "second": _int(lambda a: a.dt.second()),
    }
)
"""Whole-numbered fields of an instant; `dow` counts from Sunday = 0, `isodow` from Monday = 1."""

TRUNCATIONS: Mapping[str, str] = MappingProxyType(
    {
        "second": "1s",
        "minute": "1m",
        "hour": "1h",
        "day": "1d",
        "week": "1w",
        "month": "1mo",
        "quarter": "1q",
        "year": "1y",
    }
)
"""Units of DATE_TRUNC and what Polars calls them."""


def _unit_problem(value: object) -> str | None:
    known = isinstance(value, str) and value.lower() in TRUNCATIONS
    return None if known else f"must be one of {', '.join(TRUNCATIONS)}"


def _truncate(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    match call.args[0]:
        case Literal(value=str(unit)):
            return args[1].dt.truncate(TRUNCATIONS[unit.lower()])
        case _:
            raise AssertionError("the unit of date_trunc is checked when the call is typed")


def _to_timestamp(a: pl.Expr) -> pl.Expr:
    return (a * _SECOND).round(0, mode="half_to_even").cast(pl.Int64, strict=False).cast(TIME_TYPE)


def _field(name: str, of: Callable[[pl.Expr], pl.Expr]) -> Function:
    usage = f"EXTRACT({name} FROM t)"
    return Function(key=f"extract_{name}", usage=usage, rules=(overload([TIMESTAMP], INT),), lower=plain(of))


_UNIT = Param(STRING, Constant(what="the unit", problem=_unit_problem))
_EPOCH = (overload([TIMESTAMP], FLOAT), overload([DURATION], FLOAT))

FUNCTIONS: tuple[Function, ...] = (
    *(_field(name, of) for name, of in FIELDS.items()),
    Function(key="extract_epoch", usage="EXTRACT(epoch FROM t)", rules=_EPOCH, lower=plain(_seconds), names=("EPOCH",)),
    Function(
        key="date_trunc",
        usage="DATE_TRUNC('unit', t)",
        rules=(overload([_UNIT, TIMESTAMP], TIMESTAMP),),
        lower=_truncate,
        names=("DATE_TRUNC",),
    ),
    Function(
        key="seconds",
        usage="SECONDS(d)",
        rules=(overload([DURATION], FLOAT),),
        lower=plain(_seconds),
        names=("SECONDS",),
    ),
    Function(
        key="millis",
        usage="MILLIS(d)",
        rules=(overload([DURATION], FLOAT),),
        lower=plain(lambda a: quotient(a.to_physical().cast(pl.Float64), pl.lit(float(_MILLISECOND)))),
        names=("MILLIS",),
    ),
    Function(
        key="to_timestamp",
        usage="TO_TIMESTAMP(seconds)",
        rules=(overload([FLOAT], TIMESTAMP),),
        lower=plain(_to_timestamp),
        nulls="always",
        names=("TO_TIMESTAMP",),
    ),
)
