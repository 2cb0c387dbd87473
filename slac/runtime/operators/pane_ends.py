"""FIRST and LAST of an open pane, by slot: of each key one value, with the place of its row in the total order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.family import argument, part
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.cells import Cells
from slac.runtime.keyed.ends import is_end
from slac.runtime.keyed.grouping import Longs, Mask
from slac.stream.batch import DEPTH, ID, TIME_TYPE, instants
from slac.stream.framing import column_of, frame_of
from slac.stream.types import to_polars

Fields: TypeAlias = tuple[tuple[Longs, Longs, Longs, Mask], pl.Series]
"""Instant, depth and id, whether there is a value, and the value."""

_NO_ROW: Final = -1
_SIGN: Final = np.uint64(1 << 63)


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows of a batch, by their places in the total order (`time` in µs, `depth`, `id`), and of each call a value."""

    places: tuple[Longs, Longs, Longs]
    values: tuple[pl.Series, ...]
    is_ordered: bool

    def part(self, rows: slice) -> Placed:
        """Of these rows."""
        time, depth, number = (place[rows] for place in self.places)
        return Placed((time, depth, number), tuple(v[rows] for v in self.values), self.is_ordered)

    def order(self) -> Longs | None:
        """The rows in the total order; None where they stand in it."""
        return None if self.is_ordered else np.lexsort(self.places[::-1])


class EndCalls:
    """Those of a node's calls that are FIRST or LAST."""

    def __init__(self, calls: Sequence[AggregateCall]) -> None:
        self._calls = [call for call in calls if is_end(call)]
        self._values = [argument(call) for call in self._calls]

    def asked(self, frame: pl.DataFrame) -> Placed | None:
        """What is to be known of rows; None where there is no such call."""
        if not self._calls:
            return None
        depth = frame[DEPTH].cast(pl.Int64).to_numpy() if DEPTH in frame.columns else np.zeros(frame.height, np.int64)
        # Ids in the order of signed numbers, so that all places are of one type.
        number = (frame[ID].to_numpy() ^ _SIGN).view(np.int64)
        places = (instants(frame).to_numpy(), depth, number)
        values = [_column(frame, value, call) for call, value in zip(self._calls, self._values, strict=True)]
        return Placed(places, tuple(values), _is_ordered(places))

    def of_pane(self) -> list[PaneEnd]:
        """One for each call, for a pane that is new."""
        return [PaneEnd(call) for call in self._calls]


class PaneEnd:
    """What one pane knows of one call."""

    def __init__(self, call: AggregateCall) -> None:
        kind = family(call)
        self._last = isinstance(kind, End) and kind.last
        self.name = part(call, "at")
        self._places = [np.zeros(0, np.int64) for _ in range(3)]
        self._cells = Cells("value", to_polars(call.dtype))

    def add(self, slots: Longs, rows: Placed, values: pl.Series, order: Longs | None, size: int) -> None:
        """Rows of these slots, of `size` that there are; `order` is that of `rows`."""
        self._grow(size)
        at = self._outermost(slots, values, order, size)
        found = np.flatnonzero(at != _NO_ROW)
        at = at[found]
        new = self._is_ahead(found, [place[at] for place in rows.places])
        if not new.all():
            found, at = found[new], at[new]
        if len(found):
            for held, place in zip(self._places, rows.places, strict=True):
                held[found] = place[at]
            self._cells.put(found, values[column_of("", at.astype(np.uint32))])

    def fields(self, slots: Longs) -> Fields:
        """What is known of these slots."""
        self._grow(int(slots.max(initial=-1)) + 1)
        time, depth, number = (place[slots] for place in self._places)
        return (time, depth, number, self._cells.known(slots)), self._cells.take(slots)

    def _outermost(self, slots: Longs, values: pl.Series, order: Longs | None, size: int) -> Longs:
        """Of each slot, the first or last of these rows that has a value; −1 for none."""
        rows = np.arange(len(slots)) if order is None else order
        if values.null_count():
            rows = rows[values.is_not_null().to_numpy()[rows]]
        mine = slots if len(rows) == len(slots) and order is None else slots[rows]
        at = np.full(size, _NO_ROW)
        # What is written last stays.
        at[mine if self._last else mine[::-1]] = rows if self._last else rows[::-1]
        return at

    def _is_ahead(self, slots: Longs, new: Sequence[Longs]) -> Mask:
        """Of these slots, whether a row at the `new` place takes the place of what is held."""
        ahead = np.zeros(len(slots), np.bool_)
        for held, place in zip(reversed(self._places), reversed(new), strict=True):
            old = held[slots]
            ahead = (place > old if self._last else place < old) | ((place == old) & ahead)
        ahead |= ~self._cells.known(slots)
        return ahead

    def _grow(self, size: int) -> None:
        self._cells.grow(size)
        have = len(self._places[0])
        if size > have:
            more = np.zeros(max(size, 2 * have) - have, np.int64)
            self._places = [np.concatenate((place, more)) for place in self._places]


def of_panes(ends: Sequence[PaneEnd], slots: Sequence[Longs]) -> pl.Series:
    """The part column of one call: of each pane these slots, pane by pane; NULL where there is no value."""
    found = [end.fields(of) for end, of in zip(ends, slots, strict=True)]
    time, depth, number, known = (np.concatenate(columns) for columns in zip(*(f for f, _ in found), strict=True))
    place = [column_of("time", time).cast(TIME_TYPE), column_of("depth", depth).cast(pl.UInt16)]
    place.append(column_of("id", number.view(np.uint64) ^ _SIGN))
    rows = frame_of([*place, pl.concat([values for _, values in found], rechunk=True)]).to_struct(ends[0].name)
    if known.all():
        return rows
    return rows.zip_with(pl.Series(known), pl.Series([None], dtype=rows.dtype).new_from_index(0, len(rows)))


def _column(frame: pl.DataFrame, value: pl.Expr, call: AggregateCall) -> pl.Series:
    column = frame[value.meta.output_name()] if value.meta.is_column() else frame.select(value.alias("")).to_series()
    dtype = to_polars(call.dtype)
    return column if column.dtype == dtype else column.cast(dtype)


def _is_ordered(places: Sequence[Longs]) -> bool:
    """Whether rows stand in the total order."""
    alike: Mask | None = None
    for place in places:
        falls, same = place[1:] < place[:-1], place[1:] == place[:-1]
        if alike is not None:
            falls, same = falls & alike, same & alike
        if falls.any():
            return False
        if not same.any():
            return True
        alike = same
    return True
