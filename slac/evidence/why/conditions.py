"""Which parts of a condition a row does not meet, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from slac.evidence.why.values import shown, sql_of, with_values
from slac.plan.expressions import AnyExpr, Call
from slac.plan.lowering import lower

_COMPARED: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})


def failing(condition: AnyExpr, row: Mapping[str, Any]) -> list[str]:
    """What of the condition is not TRUE for the row, one line a part; empty where it is met."""
    frame = pl.DataFrame({name: [value] for name, value in row.items()}, strict=False)
    return list(_failing(condition, row, frame))


def _failing(condition: AnyExpr, row: Mapping[str, Any], frame: pl.DataFrame) -> Iterator[str]:
    if _value(condition, frame) is True:
        return
    match condition:
        case Call(function="and", args=args):
            for part in args:
                yield from _failing(part, row, frame)
        case Call(function="or", args=args):
            parts = [line for part in args for line in _failing(part, row, frame)]
            yield " and ".join(parts)
        case Call(function=function, args=(left, right)) if function in _COMPARED:
            yield f"{with_values(condition, row)} is not true{_gap(function, left, right, frame)} ({sql_of(condition)})"
        case _:
            value = _value(condition, frame)
            yield f"{with_values(condition, row)} is {'NULL' if value is None else 'FALSE'} ({sql_of(condition)})"


def _gap(function: str, left: AnyExpr, right: AnyExpr, frame: pl.DataFrame) -> str:
    """By how much an inequality of numbers fails."""
    one, other = _value(left, frame), _value(right, frame)
    if one is None or other is None:
        return f", because {sql_of(left if one is None else right)} is NULL"
    if isinstance(one, bool) or not isinstance(one, int | float) or not isinstance(other, int | float):
        return ""
    if function in ("<", ">") and one == other:
        return ": they are equal"
    if function in ("<", "<=", ">", ">="):
        return f": it is {shown(abs(float(one) - float(other)))} too {'low' if function.startswith('>') else 'high'}"
    return f": the difference is {shown(float(one) - float(other))}" if function == "=" else ""


def _value(expr: AnyExpr, frame: pl.DataFrame) -> Any:
    return frame.select(lower(expr).alias("#is")).item()
