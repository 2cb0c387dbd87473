"""The expressions and aggregates that the trials use: as plain as those of most documents."""

from __future__ import annotations

from typing import Final

from slac.plan.expressions import AggregateCall, AnyExpr, Call, Column, Literal, NamedExpr
from slac.stream.types import AnyType, Bool, Float, Int, String

FLOAT, INT, STRING, BOOL = Float(), Int(), String(), Bool()


def column(name: str, dtype: AnyType) -> Column:
    """A column by its name."""
    return Column(name=name, dtype=dtype)


VALUE: Final = column("value", FLOAT)


def more_than(limit: float, of: AnyExpr = VALUE) -> Call:
    """`value > limit`."""
    return Call(function=">", args=(of, Literal(value=limit, dtype=FLOAT)), dtype=BOOL)


def scaled(factor: float) -> Call:
    """`value * factor`."""
    return Call(function="*", args=(VALUE, Literal(value=factor, dtype=FLOAT)), dtype=FLOAT)


def named(name: str, expr: AnyExpr) -> NamedExpr:
    """A column of a `select`."""
    return NamedExpr(name=name, expr=expr)


AGGREGATES: Final = (
    AggregateCall(name="_a0", function="count", dtype=INT, nullable=False),
    AggregateCall(name="_a1", function="sum", args=(VALUE,), dtype=FLOAT),
    AggregateCall(name="_a2", function="count", where=more_than(1_000.0), dtype=INT, nullable=False),
    AggregateCall(name="_a3", function="last", args=(column("text", STRING),), dtype=STRING),
    AggregateCall(name="_a4", function="max", args=(VALUE,), dtype=FLOAT),
)
"""COUNT(*), SUM, COUNT with FILTER, LAST of a text, MAX."""
