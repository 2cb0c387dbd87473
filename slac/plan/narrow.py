"""Sums and differences of two columns in 64 bits, where what these hold shows that the result fits.

Otherwise they go through 128 bits (`slac.plan.scalar.arithmetic`), which takes five times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from slac.plan.expressions import AnyExpr, Call, Column
from slac.plan.lowering import lower
from slac.stream.types import Float, to_polars

__all__ = ["Narrow"]

_HALF: Final = 1 << 62


class Narrow:
    """The columns `name` = `expr`, lowered in both ways."""

    def __init__(self, columns: Sequence[tuple[str, AnyExpr]]) -> None:
        self._wide = [_named(name, expr, lower(expr)) for name, expr in columns]
        self._narrow = [_named(name, expr, _in_64_bits(expr)) for name, expr in columns]
        self._read = {c.name for _, expr in columns for c in _terms(expr)}

    def of(self, rows: pl.DataFrame) -> list[pl.Expr]:
        """The expressions that are right for these rows."""
        return self._narrow if self._read and _fit(rows[name] for name in self._read) else self._wide


def _named(name: str, expr: AnyExpr, lowered: pl.Expr) -> pl.Expr:
    return lowered.cast(to_polars(expr.dtype)).alias(name)


def _terms(expr: AnyExpr) -> tuple[Column, ...]:
    match expr:
        case Call(function="+" | "-", args=(Column() as a, Column() as b)) if not isinstance(expr.dtype, Float):
            return (a, b)
        case _:
            return ()


def _in_64_bits(expr: AnyExpr) -> pl.Expr:
    """The expression as it stands where it is nothing of the kind."""
    terms = _terms(expr)
    if not isinstance(expr, Call) or not terms:
        return lower(expr)
    a, b = (lower(term).to_physical().cast(pl.Int64) for term in terms)
    return a + b if expr.function == "+" else a - b


def _fit(columns: Iterable[pl.Series]) -> bool:
    """Whether the sum and the difference of any two values fit."""
    for column in columns:
        values = (column.drop_nulls() if column.null_count() else column).cast(pl.Int64).to_numpy()
        if len(values) and (values.min() <= -_HALF or values.max() >= _HALF):
            return False
    return True
