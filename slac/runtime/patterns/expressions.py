"""Expressions over an event and the tags before it, as Python functions: for one partial match at a time.

The usual operators are done in Python with the meaning that their lowering has (three-valued logic, NaN equal to
itself and above all numbers); everything else goes through Polars, one row at a time.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import polars as pl

from slac.plan.expressions import AnyExpr, Call, Cast, Column, FieldOf, Literal
from slac.plan.lowering import lower
from slac.plan.subexpressions import columns_in
from slac.plan.tag_columns import ARRAY, tag_of
from slac.runtime.patterns.rows import Row, RowType, array_series, series_of, values_of
from slac.stream.types import Float, Int, to_polars

Tags: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Row | None, Tags], Any]
"""From the incoming row and the rows by tag to a value; None is NULL."""

_LOW, _HIGH = -(1 << 63), (1 << 63) - 1
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        "=": operator.eq,
        "<>": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)
_SUMS: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType({"+": operator.add, "-": operator.sub})


class Compiler:
    """Makes functions of expressions; knows where rows of the event's own port and of each tag keep their columns."""

    def __init__(self, own: RowType | None, tags: Mapping[str, RowType]) -> None:
        self._own = own
        self._tags = tags

    def compile(self, expr: AnyExpr) -> Evaluate:
        """The function of an expression."""
        match expr:
            case Literal(value=value):
                return lambda _row, _tags: value
            case Column(name=name):
                return self._polars(expr) if name.endswith(ARRAY) else self._column(name)
            case FieldOf(base=Call(function="item", args=(Column(name=name), Literal(value=int(place)))), name=column):
                return self._item(name, place, column) if name.endswith(ARRAY) else self._polars(expr)
            case Cast(arg=arg) if isinstance(arg.dtype, Int) and isinstance(expr.dtype, Float):
                return _strict(float, self.compile(arg))
            case Call():
                return self._call(expr)
            case _:
                return self._polars(expr)

    def _call(self, call: Call) -> Evaluate:
        match call.function, call.args:
            case "and", args:
                return _and([self.compile(a) for a in args])
            case "or", args:
                return _or([self.compile(a) for a in args])
            case "not", (arg,):
                return _strict(operator.not_, self.compile(arg))
            case "is_null", (arg,):
                tested = self.compile(arg)
                return lambda row, tags: tested(row, tags) is None
            case function, (left, right) if function in _COMPARISONS:
                compare = _COMPARISONS[function]
                if isinstance(left.dtype, Float):
                    return _both(
                        lambda a, b: compare(_ordered(a), _ordered(b)), self.compile(left), self.compile(right)
                    )
                return _both(compare, self.compile(left), self.compile(right))
            case function, (left, right) if function in _SUMS and not isinstance(call.dtype, Float):
                join = _SUMS[function]
                return _both(lambda a, b: _narrow(join(a, b)), self.compile(left), self.compile(right))
            case _:
                return self._polars(call)

    def _column(self, name: str) -> Evaluate:
        found = tag_of(name)
        if found is None:
            assert self._own is not None
            own_place = self._own.places[name]
            return lambda row, _tags: None if row is None else row.values[own_place]
        tag, column = found
        place = self._tags[tag].places[column]

        def value(row: Row | None, tags: Tags) -> Any:
            bound = tags.get(tag)
            return None if bound is None else bound.values[place]

        return value

    def _item(self, array: str, place: int, column: str) -> Evaluate:
        tag = array.removesuffix(ARRAY)
        at, where = self._tags[tag].places[column], place - 1 if place > 0 else place

        def value(row: Row | None, tags: Tags) -> Any:
            rows = tags.get(tag, ())
            return rows[where].values[at] if -len(rows) <= where < len(rows) else None

        return value

    def _polars(self, expr: AnyExpr) -> Evaluate:
        """Through Polars, over a frame of one row."""
        read = [(c, self._series(c)) for c in {c.name: c for c in columns_in(expr)}.values()]
        lowered = lower(expr).cast(to_polars(expr.dtype)).alias("value")

        def value(row: Row | None, tags: Tags) -> Any:
            columns = [series(row, tags) for _, series in read]
            frame = pl.DataFrame(columns) if columns else pl.DataFrame({"": [None]})
            return values_of(frame.select(lowered)["value"], expr.dtype)[0]

        return value

    def _series(self, column: Column) -> Callable[[Row | None, Tags], pl.Series]:
        name, dtype = column.name, column.dtype
        if name.endswith(ARRAY):
            tag = name.removesuffix(ARRAY)
            rows = self._tags[tag]
            return lambda _row, tags: array_series(name, [tags.get(tag)], rows, to_polars(dtype))
        value = self._column(name)
        return lambda row, tags: series_of(name, [value(row, tags)], dtype)


def _strict(of: Callable[[Any], Any], arg: Evaluate) -> Evaluate:
    """NULL where the argument is."""

    def value(row: Row | None, tags: Tags) -> Any:
        found = arg(row, tags)
        return None if found is None else of(found)

    return value


def _both(of: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    """NULL where either argument is."""

    def value(row: Row | None, tags: Tags) -> Any:
        a = left(row, tags)
        if a is None:
            return None
        b = right(row, tags)
        return None if b is None else of(a, b)

    return value


def _and(parts: Sequence[Evaluate]) -> Evaluate:
    def value(row: Row | None, tags: Tags) -> Any:
        found: bool | None = True
        for part in parts:
            truth = part(row, tags)
            if truth is False:
                return False
            found = found if truth is not None else None
        return found

    return value


def _or(parts: Sequence[Evaluate]) -> Evaluate:
    def value(row: Row | None, tags: Tags) -> Any:
        found: bool | None = False
        for part in parts:
            truth = part(row, tags)
            if truth is True:
                return True
            found = found if truth is not None else None
        return found

    return value


def _ordered(value: float) -> tuple[bool, float]:
    """A float as something that compares as in the language."""
    return (True, 0.0) if math.isnan(value) else (False, value)


def _narrow(value: int) -> int | None:
    return value if _LOW <= value <= _HIGH else None
