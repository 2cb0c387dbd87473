"""Partial rows as integers: what a part of an aggregate is in columns of Int64, and how two of them become one.

Sums, extremes and first or last values have such a form, whatever their types, text excepted. It takes less memory than
the parts do, and a row of it can be exchanged in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.additive import additive
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.family import part
from slac.plan.aggregation.peaks import LOWEST, Peak, peak
from slac.plan.estimates.thinned import ThinnedCount, ThinnedValue
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Halved
from slac.stream.batch import KEPT, SEEN, TIME_TYPE

_SIGN: Final = np.uint64(1 << 63)
_HIGHEST: Final = (1 << 63) - 1
_PLAIN: Final = (pl.Int64(), pl.Float64(), pl.Boolean(), TIME_TYPE, pl.Duration("us"))
"""Types of values that 64 bits hold."""


class Cell(Protocol):
    """One part column, as rows of `width` numbers."""

    @property
    def name(self) -> str:
        """The part."""
        ...

    @property
    def width(self) -> int:
        """How many columns it takes."""
        ...

    def encode(self, parts: pl.Series, into: Longs) -> None:
        """Write what a part column holds."""
        ...

    def merge(self, held: Longs, into: Longs) -> None:
        """Add what was held before to what is new."""
        ...

    def decode(self, columns: Sequence[Longs]) -> pl.Series:
        """The part column."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """A sum of 64 bits."""

    name: str
    width: int = 1

    def encode(self, parts: pl.Series, into: Longs) -> None:
        """As it is."""
        into[:, 0] = parts.to_numpy()

    def merge(self, held: Longs, into: Longs) -> None:
        """The sum."""
        into += held

    def decode(self, columns: Sequence[Longs]) -> pl.Series:
        """As it is."""
        return pl.Series(self.name, columns[0])


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of 128 bits: the lower half, and the upper one."""

    name: str
    width: int = 2

    def encode(self, parts: pl.Series, into: Longs) -> None:
        """In halves."""
        narrow = parts.cast(pl.Int64, strict=False)
        halves = Halved.of_series(parts) if narrow.null_count() else Halved.of(narrow.to_numpy())
        into[:, 0], into[:, 1] = halves.low.view(np.int64), halves.high

    def merge(self, held: Longs, into: Longs) -> None:
        """The sum."""
        total = _halved(held[:, 0], held[:, 1]) + _halved(into[:, 0], into[:, 1])
        into[:, 0], into[:, 1] = total.low.view(np.int64), total.high

    def decode(self, columns: Sequence[Longs]) -> pl.Series:
        """As Int128."""
        total = _halved(*columns)
        if total.fits(_HIGHEST):
            return pl.Series(self.name, columns[0]).cast(pl.Int128)
        return total.series(self.name)


@dataclass(frozen=True, slots=True)
class Greatest:
    """An extreme: its code, and whether there is a value."""

    peak: Peak
    width: int = 2

    @property
    def name(self) -> str:
        """The part."""
        return self.peak.name

    def encode(self, parts: pl.Series, into: Longs) -> None:
        """As a code."""
        into[:, 0] = self.peak.codes(parts)
        into[:, 1] = parts.is_not_null().to_numpy() if parts.null_count() else 1

    def merge(self, held: Longs, into: Longs) -> None:
        """The greater one; that of no value is the lowest."""
        np.maximum(held, into, out=into)

    def decode(self, columns: Sequence[Longs]) -> pl.Series:
        """The value, or NULL."""
        known = columns[1] > 0
        if known.all():
            return self.peak.values(columns[0])
        values = self.peak.values(np.where(known, columns[0], 0))
        return values.zip_with(pl.Series(known), pl.Series([None], dtype=values.dtype).new_from_index(0, len(values)))


@dataclass(frozen=True, slots=True)
class Outermost:
    """A first or last value: its instant, depth, id (in the order of signed numbers) and its bits.

    Without a value the instant is one that any other one beats.
    """

    name: str
    dtype: pl.DataType
    last: bool
    width: int = 4

    def encode(self, parts: pl.Series, into: Longs) -> None:
        """The fields of the struct."""
        fields = parts.struct.unnest()
        value = fields["value"]
        known = None if not value.null_count() else value.is_not_null().to_numpy()
        for column, name in enumerate(("time", "depth", "id")):
            into[:, column] = _bits(fields[name])
        into[:, 3] = _bits(value)
        if known is not None:
            into[~known] = [LOWEST if self.last else _HIGHEST, 0, 0, 0]

    def merge(self, held: Longs, into: Longs) -> None:
        """The outer one in the total order."""
        ahead = np.zeros(len(into), np.bool_)
        for column in (2, 1, 0):
            old, new = held[:, column], into[:, column]
            ahead = (old > new if self.last else old < new) | ((old == new) & ahead)
        into[ahead] = held[ahead]

    def decode(self, columns: Sequence[Longs]) -> pl.Series:
        """The struct, or NULL."""
        time, depth, number, value = columns
        fields = [
            pl.Series("time", time).cast(TIME_TYPE),
            pl.Series("depth", depth).cast(pl.UInt16),
            pl.Series("id", number.view(np.uint64) ^ _SIGN),
            _values(value, self.dtype),
        ]
        rows = pl.DataFrame(fields).to_struct(self.name)
        known = time != (LOWEST if self.last else _HIGHEST)
        if known.all():
            return rows
        return rows.zip_with(pl.Series(known), pl.Series([None], dtype=rows.dtype).new_from_index(0, len(rows)))


def cells_of(calls: Sequence[AggregateCall]) -> list[Cell] | None:
    """The parts of all calls, in order, `_kept` and `_seen`; None where a part has no such form."""
    cells: list[Cell] = []
    for call in calls:
        made = list(_cells(call))
        if not made:
            return None
        cells += made
    return [*cells, Count(KEPT), Total(SEEN)]


def _cells(call: AggregateCall) -> Iterator[Cell]:
    kind = family(call)
    parts = kind.parts(call)
    greatest = peak(kind, call)
    if greatest is not None:
        yield Greatest(greatest)
    elif isinstance(kind, End):
        fields = dict(parts["at"])  # type: ignore[call-overload]
        if fields["value"] in _PLAIN:
            yield Outermost(part(call, "at"), fields["value"], kind.last)
    elif additive(kind, call) is not None or isinstance(kind, ThinnedCount | ThinnedValue):
        for name, dtype in parts.items():
            yield Total(part(call, name)) if dtype == pl.Int128 else Count(part(call, name))


def _halved(low: Longs, high: Longs) -> Halved:
    return Halved(high, np.ascontiguousarray(low).view(np.uint64))


def _bits(values: pl.Series) -> Longs:
    """64 bits a value; where it is NULL it does not matter which."""
    if not values.dtype.is_float() and values.dtype != pl.UInt64:
        values = values.cast(pl.Int64)
    values = values.fill_null(0) if values.null_count() else values
    bits = values.to_numpy()
    return (bits ^ _SIGN).view(np.int64) if bits.dtype == np.uint64 else bits.view(np.int64)


def _values(bits: Longs, dtype: pl.DataType) -> pl.Series:
    values = pl.Series("value", bits.view(np.float64) if dtype == pl.Float64 else bits)
    return values if values.dtype == dtype else values.cast(dtype)
