"""FIRST and LAST by key as columns, of any type: where the value of each row stands, and what each key ends with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.family import argument, part
from slac.plan.expressions import AggregateCall
from slac.runtime.audits.held import AT
from slac.runtime.audits.slots import Slots
from slac.runtime.keyed.cells import Cells
from slac.runtime.keyed.grouping import Longs, Mask
from slac.runtime.keyed.segments import Segments
from slac.runtime.operator import BEGINNING
from slac.stream.batch import DEPTH, ID, TIME_TYPE
from slac.stream.framing import places_of
from slac.stream.types import to_polars

_PLACE: Final = ("time", "depth", "id")


@dataclass(frozen=True, slots=True)
class Found:
    """`values`, by slot and time, each with where it comes from: 1 + row of `column`; 0 is none; more an older one."""

    values: pl.Series
    index: Longs
    column: pl.Series


class Ends:
    """One call; `slots` has the place in the total order of the row that each key's value comes from."""

    def __init__(self, call: AggregateCall, slots: Slots) -> None:
        self._call, self._slots, self._dtype = call, slots, to_polars(call.dtype)
        found = family(call)
        self._last = isinstance(found, End) and found.last
        self._value = argument(call)
        self._names = [part(call, name) for name in _PLACE]
        slots.add(dict(zip(self._names, (BEGINNING, 0, 0), strict=True)))
        self._cells = Cells("value", self._dtype)

    @property
    def part(self) -> str:
        """The name of the part column."""
        return part(self._call, "at")

    def of(self, rows: pl.DataFrame, order: Longs, segments: Segments, carried: Longs) -> Found:
        """The value at each row: rows are in the total order; `order` is by slot; `carried`, a slot a segment or −1."""
        column = self._column(rows)
        if self._last and not column.null_count():
            return Found(_at(column, order).alias(self._call.name), order + 1, column)
        known = np.where(carried < 0, BEGINNING, self._slots[self._names[0]][carried]) > BEGINNING
        older = np.where(known, len(order) + 1 + np.arange(len(carried)), 0)[segments.of]
        index = self._index(column.is_not_null().to_numpy()[order], order, segments, older)
        parts = [pl.Series("", [None], self._dtype), column.alias("")]
        if known.any():
            parts.append(self._roomy().take(np.maximum(carried, 0)).alias(""))
        return Found(_at(pl.concat(parts, rechunk=True), index).alias(self._call.name), index, column)

    def keep(self, rows: pl.DataFrame, slots: Longs, found: Found, ends: Longs) -> None:
        """What these slots have at these places, by slot and time."""
        index = found.index[ends]
        self._forget(slots[index == 0])
        new = (index > 0) & (index <= rows.height)
        at, slots = index[new] - 1, slots[new]
        if not len(slots):
            return
        depth = rows[DEPTH].to_numpy()[at] if DEPTH in rows.columns else np.zeros(len(at), np.int64)
        places = (rows[AT].to_numpy()[at], depth, rows[ID].to_numpy()[at].view(np.int64))
        self._put(slots, places, _at(found.column, at))

    def column_of(self, slots: Longs) -> pl.Series:
        """The part column of these slots."""
        time, depth, number = (self._slots[name][slots] for name in self._names)
        known = time > BEGINNING
        place = [
            pl.Series("time", np.where(known, time, 0)).cast(TIME_TYPE),
            pl.Series("depth", depth.astype(np.uint16)),
            pl.Series("id", number.view(np.uint64)),
        ]
        value = self._roomy().take(slots)
        if not known.all():
            value = value.scatter(np.flatnonzero(~known), None)
        return pl.DataFrame([*place, value]).to_struct(self.part)

    def restore(self, slots: Longs, column: pl.Series) -> None:
        """Take over what `column_of` gave for these slots."""
        fields = column.struct.unnest()
        known = fields["value"].is_not_null().to_numpy()
        self._forget(slots[~known])
        held = fields.filter(pl.Series(known))
        place = (held["time"].cast(pl.Int64), held["depth"].cast(pl.Int64), held["id"])
        time, depth, number = (one.to_numpy() for one in place)
        self._put(slots[known], (time, depth, number.view(np.int64)), held["value"].cast(self._dtype))

    def _column(self, rows: pl.DataFrame) -> pl.Series:
        value = self._value
        column = rows[value.meta.output_name()] if value.meta.is_column() else rows.select(value.alias("")).to_series()
        return column if column.dtype == self._dtype else column.cast(self._dtype)

    def _index(self, valid: Mask, order: Longs, segments: Segments, older: Longs) -> Longs:
        """1 + row; or of `older` what was known before; or 0."""
        places, starts = np.arange(len(order)), segments.starts
        if self._last:
            at = np.maximum.accumulate(np.where(valid, places, -1))
            return np.where(at >= starts[segments.of], order[at] + 1, older)
        present = np.append(np.flatnonzero(valid), len(order))
        first = present[np.searchsorted(present, starts)][segments.of]
        new = np.where(first <= places, np.append(order, 0)[first] + 1, 0)
        return np.where(older > 0, older, new)

    def _put(self, slots: Longs, places: Sequence[Longs], values: pl.Series) -> None:
        for name, place in zip(self._names, places, strict=True):
            self._slots[name][slots] = place
        self._roomy().put(slots, values)

    def _forget(self, slots: Longs) -> None:
        if len(slots):
            self._slots[self._names[0]][slots] = BEGINNING
            self._roomy().clear(slots)

    def _roomy(self) -> Cells:
        """The cells, with a place for every slot."""
        self._cells.grow(len(self._slots[self._names[0]]))
        return self._cells


def is_end(call: AggregateCall) -> bool:
    """Whether a call is FIRST or LAST."""
    return isinstance(family(call), End)


def _at(values: pl.Series, places: Longs) -> pl.Series:
    """Not by `gather`, which would start a query."""
    return values[places_of(places)]
