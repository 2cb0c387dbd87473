"""Columns of matches that are not written down yet: values of rows, and which of these each match has.

Matches are often many times as many as rows. A sum or difference of two such columns is made in parts that stay in the
cache, and what it can be at most is told by the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.expressions import AnyExpr, Call, Column
from slac.stream.framing import column_of, places_of
from slac.stream.types import to_polars

__all__ = ["Plain", "Spread"]

Numbers = npt.NDArray[np.int64]

_PART: Final = 1 << 15
_LARGE: Final = 1 << 61
_JOINED: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"+": np.add, "-": np.subtract})


@dataclass(frozen=True, slots=True)
class Spread:
    """The value of each match is that of `values` at its place; without `places` each has its own."""

    values: pl.Series
    places: Numbers | None = None

    def series(self) -> pl.Series:
        """The column of all matches."""
        if self.places is None:
            return self.values
        if (numbers := self.numbers()) is None:
            return self.values[places_of(self.places)]
        # NumPy takes no other form of places, and so none has to be made.
        return column_of(self.values.name, numbers.take(self.places)).cast(self.values.dtype)

    def numbers(self) -> Numbers | None:
        """The values, where they are whole numbers of 64 bits or instants and durations, and none is NULL."""
        is_plain = isinstance(self.values.dtype, pl.Int64 | pl.Datetime | pl.Duration)
        return self.values.cast(pl.Int64).to_numpy() if is_plain and not self.values.null_count() else None

    def part(self, numbers: Numbers, start: int) -> Numbers:
        """`numbers` of some matches that follow each other."""
        rows = slice(start, start + _PART)
        return numbers[rows] if self.places is None else numbers.take(self.places[rows])


class Plain:
    """Columns that are columns of matches, or sums and differences of two."""

    def __init__(self, columns: Sequence[tuple[str, AnyExpr]]) -> None:
        self._columns = [(name, expr, to_polars(expr.dtype)) for name, expr in columns]
        self.is_all = all(_read(expr) for _, expr in columns)

    def of(self, count: int, known: Mapping[str, Spread]) -> list[pl.Series] | None:
        """The columns of so many matches; None where one is nothing of the kind, or where 64 bits may be too few."""
        made = []
        for name, expr, dtype in self._columns:
            read = [known.get(one) for one in _read(expr)]
            if not read or None in read:
                return None
            spread = [one for one in read if one is not None]
            column = spread[0].series() if isinstance(expr, Column) else _joined(expr, count, spread)
            if column is None:
                return None
            made.append((column if column.dtype == dtype else column.cast(dtype)).alias(name))
        return made


def _read(expr: AnyExpr) -> tuple[str, ...]:
    match expr:
        case Column(name=name):
            return (name,)
        case Call(function="+" | "-", args=(Column(name=one), Column(name=other))):
            return (one, other)
        case _:
            return ()


def _joined(expr: AnyExpr, count: int, sides: Sequence[Spread]) -> pl.Series | None:
    one, other = (side.numbers() for side in sides)
    if one is None or other is None or not (_is_small(one) and _is_small(other)):
        return None
    assert isinstance(expr, Call)
    join, made = _JOINED[expr.function], np.empty(count, np.int64)
    for start in range(0, count, _PART):
        parts = sides[0].part(one, start), sides[1].part(other, start)
        join(*parts, out=made[start : start + _PART])
    return column_of("", made)


def _is_small(numbers: Numbers) -> bool:
    return not len(numbers) or bool(numbers.min() > -_LARGE and numbers.max() < _LARGE)
