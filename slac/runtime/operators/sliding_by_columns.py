"""`window: sliding 60s` of sums and extremes: what is held of each key, and what comes to it and leaves it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import partial_schema
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.keyed.book import Book
from slac.runtime.keyed.finals import Finals
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.integers import joined
from slac.runtime.keyed.key_hashes import KeyHashes
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.log import NO_ROWS, Log, Rows, one_behind
from slac.runtime.keyed.moving import moving_counts, moving_sums
from slac.runtime.keyed.picking import picked_rows
from slac.runtime.keyed.segments import last_of_runs
from slac.runtime.keyed.short_windows import wide_peaks
from slac.runtime.keyed.thirds import Thirds
from slac.runtime.keyed.turns import Turns, turns
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.window_per_row import PerRowOperator
from slac.stream.batch import ID
from slac.stream.framing import frame_of
from slac.stream.order import reordered

_FEW: Final = 8
"""So many rows a key at least."""
_NEAR: Final = (16, 256)
_LEAST: Final = 2
"""Shorter windows (µs) have no halves."""


@dataclass(frozen=True, slots=True)
class _Totals:
    """How many rows count for each of some rows, and what these are worth together."""

    count: Longs
    worth: Worth


class SlidingByColumns(PerRowOperator):
    """State is a row of numbers for each row of the last `size`, and one of totals for each of their keys.

    Of a row at t, all rows of its key in (t − size, t] count.
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        self._size = node.window.size
        self._lanes = Lanes(node.aggregates)
        self._finals = Finals(node.aggregates, self._lanes)
        self._peaks = [one.name for one in self._lanes.peaks]
        self._is_known_by_slot = bool(self._keys) and not any(t.is_float() for t in self._types.values())
        self._stored = {AT: pl.Int64(), **partial_schema(self._types, node.aggregates)}
        self._forget()

    def _forget(self) -> None:
        self._log, self._book = Log(), Book(self._types, self._lanes)
        self._hashes = KeyHashes(self._book.slots, self._keys, self._results.salt)
        self._thirds = Thirds(self._book, self._peaks, max(self._size, _LEAST))

    def statistics(self) -> Mapping[str, int]:
        """Also `groups`: rows that still count."""
        return {**super().statistics(), "groups": len(self._log)}

    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        at = rows[AT].to_numpy()
        slots = self._book.slots.find(rows)
        ids = self._hashes.further(slots, rows, rows[ID].to_numpy())
        order = reordered(at, ids)
        asked = rows
        if order is not None:
            # What comes at one instant may come in any order: so it comes in the one in which it is said.
            asked = picked_rows(rows, self._lanes.columns(rows) or [AT], order)
            slots, ids = slots.take(order), ids.take(order)
        said = frame_of([rows[AT], *self._keys_of(rows, slots, order)])
        return self._results.beside(said, ids, self._moved(Rows(at, slots, self._lanes.of(asked))))

    def _keys_of(self, rows: pl.DataFrame, slots: Longs, order: Longs | None) -> list[pl.Series]:
        """The keys in `order`; `slots` are in it."""
        if order is None:
            return [rows[name] for name in self._keys]
        if self._is_known_by_slot and len(self._book) * _FEW < len(slots):
            # Few texts are taken faster than as many as there are rows.
            return self._book.slots.keys_of(slots).get_columns()
        return picked_rows(rows, self._keys, order).get_columns() if self._keys else []

    def _moved(self, coming: Rows) -> list[pl.Series]:
        """Let rows come, and those leave that are too old for the last of them: what the rows say."""
        has_cells = bool(self._peaks) and not self._is_wide(coming)
        sections = self._thirds.sections(coming.times) if has_cells else []
        if len(sections) > 1:
            passed = _together([self._passed(coming.part(s)) for s in sections])
        else:
            passed = self._passed(coming)
        return self._finals.of(passed.count, passed.worth)

    def _is_wide(self, coming: Rows) -> bool:
        """Whether rows leave that have just come."""
        return self._size < _LEAST or int(coming.times[0]) <= int(coming.times[-1]) - self._size

    def _passed(self, coming: Rows) -> _Totals:
        """How many rows count for each of those that come, and their sums and peaks."""
        is_wide = bool(self._peaks) and self._is_wide(coming)
        before = self._log.all() if is_wide else NO_ROWS
        self._log.add(coming)
        leaving = self._log.leave(self._log.upto(int(coming.times[-1]) - self._size))
        found = turns(leaving, coming, self._size)
        seen = _last_of_instant(found, coming.times)
        total = self._totals(leaving, coming, found, seen)
        peaks: dict[str, Longs] = {}
        if is_wide:
            peaks = wide_peaks(one_behind(before, coming), self._peaks, found, seen)
            self._thirds.take_over(self._log.all())
        elif self._peaks:
            peaks = self._thirds.move(leaving, coming, found, seen)
        empty = found.slots[self._book.count(found.slots) == 0]
        if len(empty):
            self._book.forget(empty)
        return _Totals(total.count, Worth(total.worth.sums, peaks))

    def _totals(self, leaving: Rows, coming: Rows, found: Turns, seen: Longs) -> _Totals:
        """How many rows count, and their sums, at `seen` (by `coming.order`); what each slot ends with is kept."""
        book = self._book
        book.open({**leaving.worth.sums, **coming.worth.sums})
        counts, count = moving_counts(book.count(found.slots), found, seen)
        sums, kept = Worth(), Worth()
        for name in book.live:
            moved = leaving.lane(name), coming.lane(name)
            sums.sums[name], kept.sums[name] = moving_sums(book.sums(name, found.slots), *moved, found, seen)
        book.store(found.slots, count, kept)
        return _Totals(counts, sums)

    def _frame(self) -> pl.DataFrame | None:
        return self._rows_of(self._log.all())

    def _rows_of(self, rows: Rows) -> pl.DataFrame | None:
        if not len(rows):
            return None
        slots, key = np.unique(rows.slots, return_inverse=True)
        keys = [one.gather(key) for one in self._book.slots.keys_of(slots).get_columns()]
        parts = self._lanes.parts(np.ones(len(rows), np.int64), rows.worth)
        frame = pl.DataFrame([pl.Series(AT, rows.times), *keys, *parts])
        return frame.select(pl.col(name).cast(dtype) for name, dtype in self._stored.items())

    def _restore(self, frame: pl.DataFrame) -> None:
        frame = frame.sort(AT, maintain_order=True)
        worth = self._lanes.of_parts(frame, np.ones(frame.height, np.int64))
        rows = Rows(frame[AT].to_numpy(), self._book.slots.find(frame), worth)
        found = turns(rows.part(slice(0)), rows, self._size)
        self._totals(rows.part(slice(0)), rows, found, found.places[:0])
        self._log.add(rows)
        if self._peaks and self._size >= _LEAST:
            self._thirds.take_over(rows)

    def _part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        frame = self._frame()
        if frame is None or not self._keys:
            return frame
        mine = frame.join(keys, on=self._keys, how="semi", nulls_equal=True, maintain_order="left")
        return mine if mine.height else None

    def _exchange(self, keys: pl.DataFrame, frame: pl.DataFrame | None) -> None:
        held = self._frame() if self._keys else None
        others = [] if held is None else [held.join(keys, on=self._keys, how="anti", nulls_equal=True)]
        left = [f for f in (*others, *([] if frame is None else [frame.select(self._stored)])) if f.height]
        self._forget()
        if left:
            self._restore(pl.concat(left))


def _together(passed: Sequence[_Totals]) -> _Totals:
    """One behind the other; a lane that others do not have yet is 0 there."""
    zeros = [np.zeros(len(one.count), np.int64) for one in passed]
    names = dict.fromkeys(name for one in passed for name in one.worth.sums)
    sums = {
        name: reduce(joined, (one.worth.sums.get(name, none) for one, none in zip(passed, zeros, strict=True)))
        for name in names
    }
    peaks = {name: np.concatenate([one.worth.peaks[name] for one in passed]) for name in passed[0].worth.peaks}
    return _Totals(np.concatenate([one.count for one in passed]), Worth(sums, peaks))


def _last_of_instant(found: Turns, at: Longs) -> Longs:
    """For each row that comes, where by `coming.order` the last row of its key and instant is."""
    order = found.coming.order
    near = _near(at)
    some = np.arange(1, len(order)) if near is None else np.flatnonzero(order[1:] - order[:-1] < near) + 1
    some = some[at.take(order.take(some)) == at.take(order.take(some - 1))]
    if not len(some):
        # Mostly there is one row a key and instant.
        return found.places
    is_last = np.ones(len(order), np.bool_)
    is_last[some - 1] = False
    is_last[found.coming.starts[found.coming.lengths > 0][1:] - 1] = True
    return last_of_runs(is_last)[found.places]


def _near(at: Longs) -> int | None:
    """So far apart rows, in the order of time, have different times: mostly a few are of one instant."""
    return next((n for n in _NEAR if n < len(at) and bool((at[n:] > at[:-n]).all())), None)
