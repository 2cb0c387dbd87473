"""Partial rows of raw rows, by what a look at their columns proves: the same parts for less.

Without NULL every row counts, without NaN a maximum is a maximum, where values and groups are small 64 bits hold their
sums, and of rows in the total order the last one is the LAST. What is not proven of a batch is done as it always is
(`slac.plan.aggregates.partial_exprs`), and gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import family, follows_order, grouped_rows, part_columns, partial_exprs
from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import argument, part
from slac.plan.aggregation.totals import Total
from slac.plan.expressions import AggregateCall
from slac.stream.batch import KEPT, SEEN, WEIGHT, WEIGHT_ONE, total_order
from slac.stream.order import in_order
from slac.stream.sums import LIMIT, SCALE

_ROWS: Final = "_rows"
_NOWHERE: Final[Mapping[str, int]] = MappingProxyType({})
_NARROW: Final = float(1 << 62)
_FEW: Final = 4096
"""To look at fewer rows costs what it spares, unless they need an order."""


@dataclass(frozen=True, slots=True)
class _Proven:
    """Of the values in `column`: whether there is NULL, or no NaN, and whether all can be summed, even in Int64."""

    column: str
    has_nulls: bool
    is_number: bool
    is_bounded: bool
    is_narrow: bool


@dataclass(frozen=True, slots=True)
class _Grouping:
    """What is put into `agg`, the parts that are the number of rows, those that are 0, and sums of 64 bits."""

    exprs: list[pl.Expr] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    zero: list[str] = field(default_factory=list)
    narrow: dict[str, str] = field(default_factory=dict)
    """By the part the column that is summed."""


class PartialRows:
    """Groups the rows of one window node."""

    def __init__(self, calls: Sequence[AggregateCall]) -> None:
        self._calls = calls
        self._parts = [*part_columns(calls), KEPT, SEEN]
        self._looks = not follows_order(calls)
        self._is_ordered = any(isinstance(family(c), End) for c in calls)
        values = {c.name: argument(c) for c in calls if isinstance(family(c), Total | Extreme)}
        self._computed = {n: e for n, e in values.items() if not e.meta.is_column()}
        self._columns = {n: f"{n}.of" if n in self._computed else e.meta.output_name() for n, e in values.items()}
        self._narrow = True
        self._groupings: dict[tuple[tuple[str, ...], tuple[_Proven, ...]], _Grouping] = {}
        self._usual: dict[tuple[str, ...], list[pl.Expr]] = {}

    def of(self, frame: pl.DataFrame, by: Sequence[str], places: Mapping[str, int] = _NOWHERE) -> pl.DataFrame:
        """One row a group: `places`, the same in all rows, the columns `by`, the parts, `_kept` and `_seen`."""
        if not by or not self._looks or (frame.height < _FEW and not self._is_ordered):
            rows = grouped_rows(frame, by, self._calls, self._as_ever(tuple(frame.columns)))
            return pl.DataFrame([*_constants(places, rows.height), *rows.get_columns()]) if places else rows
        if self._is_ordered:
            frame = in_order(frame, total_order(frame))
        if self._computed:
            frame = frame.with_columns(e.alias(self._columns[n]) for n, e in self._computed.items())
        made = self._grouped(frame, by, places)
        if made is None:
            # Some group is too large for sums of 64 bits, so others will be, too.
            self._narrow = False
            made = self._grouped(frame, by, places)
        assert made is not None
        return made

    def _as_ever(self, columns: tuple[str, ...]) -> list[pl.Expr]:
        """Made once for all batches with these columns: to make them costs as much as to group some hundred rows."""
        if columns not in self._usual:
            self._usual[columns] = partial_exprs(self._calls, columns)
        return self._usual[columns]

    def _grouped(self, frame: pl.DataFrame, by: Sequence[str], places: Mapping[str, int]) -> pl.DataFrame | None:
        """None where a sum of 64 bits may not have been enough."""
        most = {column: _magnitude(frame[column]) for column in dict.fromkeys(self._columns.values())}
        proven = tuple(self._proven(frame[column], value) for column, value in most.items())
        columns = tuple(frame.columns)
        grouping = self._groupings.get((columns, proven))
        if grouping is None:
            grouping = self._groupings[columns, proven] = self._grouping(columns, {p.column: p for p in proven})
        units = [_units(frame[column]).alias(name) for name, column in grouping.narrow.items()]
        made = grouped_rows(frame.hstack(units), by, self._calls, grouping.exprs)
        rows = int(made[_ROWS].max())  # type: ignore[arg-type]
        if any(rows * _in_units(frame[c], most[c]) >= _NARROW for c in grouping.narrow.values()):
            return None
        return self._completed(made, by, grouping, places)

    def _proven(self, values: pl.Series, most: float) -> _Proven:
        return _Proven(
            column=values.name,
            has_nulls=values.null_count() > 0,
            is_number=most >= 0,
            is_bounded=most < LIMIT,
            is_narrow=self._narrow and _in_units(values, most) < _NARROW,
        )

    def _grouping(self, columns: Sequence[str], proven: Mapping[str, _Proven]) -> _Grouping:
        made = _Grouping([pl.len().cast(pl.Int64).alias(_ROWS)])
        for call in self._calls:
            self._add(made, call, columns, proven.get(self._columns.get(call.name, "")))
        if {KEPT, SEEN, WEIGHT}.intersection(columns):
            made.exprs.extend(partial_exprs((), columns))
        else:
            made.counted.extend([KEPT, SEEN])
        return made

    def _add(self, made: _Grouping, call: AggregateCall, columns: Sequence[str], of: _Proven | None) -> None:
        kind = family(call)
        match kind:
            case Count() if not call.args and call.where is None:
                made.counted.append(part(call, "n"))
            case Total() if of is not None:
                made.exprs.extend(_total(made, call, kind, columns, of))
            case Extreme() if of is not None and kind.greatest and of.is_number:
                made.exprs.append(pl.col(of.column).max().alias(part(call, "value")))
            case End():
                made.exprs.append(kind.of_ordered(call, columns))
            case _:
                made.exprs.extend(kind.partial(call, columns))

    def _completed(
        self, made: pl.DataFrame, by: Sequence[str], grouping: _Grouping, places: Mapping[str, int]
    ) -> pl.DataFrame:
        rows = made[_ROWS]
        parts = {c.name: c.cast(pl.Int128) if c.name in grouping.narrow else c for c in made.get_columns()}
        parts |= {name: rows.alias(name) for name in grouping.counted}
        if SEEN in grouping.counted:
            parts[SEEN] = (rows * WEIGHT_ONE).cast(pl.Int128).alias(SEEN)
        parts |= {zero.name: zero for zero in _constants(dict.fromkeys(grouping.zero, 0), made.height)}
        # All columns at once: a frame of few rows costs more than what they hold.
        return pl.DataFrame([*_constants(places, made.height), *(parts[name] for name in (*by, *self._parts))])


def _constants(values: Mapping[str, int], rows: int) -> Iterator[pl.Series]:
    """Columns (Int64) of one value each."""
    for name, value in values.items():
        yield pl.Series(name, [value], dtype=pl.Int64).new_from_index(0, rows)


def _total(made: _Grouping, call: AggregateCall, kind: Total, columns: Sequence[str], of: _Proven) -> Iterator[pl.Expr]:
    """The parts that have to be grouped."""
    for name, expr in zip(kind.parts(call), kind.partial(call, columns), strict=True):
        column = part(call, name)
        if name == "sum" and of.is_narrow:
            made.narrow[column] = of.column
            yield pl.col(column).sum()
        elif name == "n" and not of.has_nulls:
            made.counted.append(column)
        elif name == "bad" and of.is_bounded:
            made.zero.append(column)
        else:
            yield expr


def _magnitude(values: pl.Series) -> float:
    """The greatest magnitude; NaN where there is one, and where values are no numbers that are looked at."""
    present = values.drop_nulls() if values.null_count() else values
    if values.dtype in (pl.Int64, pl.Duration("us")):
        present = present.cast(pl.Int64)
    elif values.dtype != pl.Float64:
        return float("nan")
    numbers = present.to_numpy()
    # NumPy's extremes are NaN where a NaN is among them, Polars' are not.
    return max(abs(float(numbers.min())), abs(float(numbers.max()))) if len(numbers) else 0.0


def _in_units(values: pl.Series, most: float) -> float:
    """The greatest magnitude of what is summed, or a little more."""
    return most * SCALE + 1 if values.dtype == pl.Float64 else most


def _units(values: pl.Series) -> pl.Series:
    """What a sum adds up, as Int64: `slac.stream.sums.units` of values that are small enough."""
    whole = values if values.dtype == pl.Float64 else values.cast(pl.Int64)
    whole = whole.fill_null(0) if whole.null_count() else whole
    return pl.Series(np.rint(whole.to_numpy() * SCALE).astype(np.int64)) if whole.dtype == pl.Float64 else whole
