"""`window: running` of sums and extremes: prefixes of the rows of each key, and what the key had before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import partial_schema
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.keyed.book import LAST, Book
from slac.runtime.keyed.grouping import ByKey, Longs, Mask, by_key
from slac.runtime.keyed.integers import added, sums_upto, taken
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.segments import Segments, cumulative_peaks, last_of_runs
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.window_per_row import PerRowOperator
from slac.stream.batch import KEPT
from slac.stream.order import order_of_ids

_FEW: Final = 1024


class RunningByColumns(PerRowOperator):
    """State is one row of totals a key, for `retain`: a key that was silent for longer begins anew."""

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        self._lanes = Lanes(node.aggregates)
        self._book = Book(self._types, self._lanes)
        types = {LAST: pl.Int64(), **partial_schema(self._types, node.aggregates)}
        self._stored = [pl.col(name).cast(dtype) for name, dtype in types.items()]
        self._crowded = _FEW

    def statistics(self) -> Mapping[str, int]:
        """Also `keys`: keys held."""
        return {**super().statistics(), "keys": len(self._book)}

    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        groups, at = by_key(rows, self._keys), rows[AT].to_numpy()
        slots, times = self._book.slots_of(groups), at[groups.order]
        begins, carried = self._spells(groups, slots, times)
        segments = Segments.at(begins)
        # Rows of one instant see each other: each says what the last of them has.
        is_last = np.append(begins[1:] | (times[1:] != times[:-1]), True)
        seen = np.empty(len(at), np.int64)
        seen[groups.order] = last_of_runs(is_last)
        ids = self._results.ids(rows, groups)
        order = order_of_ids(at, ids)
        parts = self._accumulated(rows, groups, segments, carried, slots, seen[order])
        self._book.slots[LAST][slots] = times[groups.starts + groups.lengths - 1]
        self._sweep(int(at[-1]))
        return self._results.beside(rows.select(AT, *self._keys)[order], ids[order], parts)

    def _spells(self, groups: ByKey, slots: Longs, times: Longs) -> tuple[Mask, Longs]:
        """Whether each row (by key) begins a spell, and of each spell the slot whose totals it goes on with, or −1."""
        before = np.empty_like(times)
        before[1:] = times[:-1]
        before[groups.starts] = self._book.slots[LAST][slots]
        anew = times - before > self._node.retain
        begins = anew.copy()
        begins[groups.starts] = True
        carried = np.full(len(times), -1, np.int64)
        carried[groups.starts] = slots
        return begins, np.where(anew, -1, carried)[begins]

    def _accumulated(
        self, rows: pl.DataFrame, groups: ByKey, segments: Segments, carried: Longs, slots: Longs, seen: Longs
    ) -> list[pl.Series]:
        """The parts of what counts at the places `seen` (by key); what each key ends with is kept."""
        worth, book, total = self._lanes.of(rows), self._book, Worth()
        book.open(worth.sums)
        places = np.concatenate([seen, groups.starts + groups.lengths - 1])
        of = segments.of[places]
        count = places - segments.starts[of] + 1 + book.count(carried)[of]
        for name in book.live:
            before = taken(book.sums(name, carried), of)
            if name in worth.sums:
                sums = sums_upto(taken(worth.sums[name], groups.order), segments.starts, of, places, segments.longest)
                before = added(before, sums)
            total.sums[name] = before
        for name, codes in worth.peaks.items():
            found = cumulative_peaks(codes[groups.order], segments)[places]
            total.peaks[name] = np.maximum(found, book.peaks(name, carried)[of])
        n = len(seen)
        book.store(slots, count[n:], total.part(slice(n, None)))
        return self._lanes.parts(count[:n], total.part(slice(n)))

    def _sweep(self, reached: int) -> None:
        """Let go of keys that fell silent, when there are twice as many as were left the last time."""
        if len(self._book) > self._crowded:
            used = self._book.slots.used()
            self._book.forget(used[self._book.slots[LAST][used] < reached - self._node.retain])
            self._crowded = _FEW + 2 * len(self._book)

    def _frame(self) -> pl.DataFrame | None:
        return self._rows_of(self._book.slots.used())

    def _rows_of(self, slots: Longs) -> pl.DataFrame | None:
        if not len(slots):
            return None
        last = pl.Series(LAST, self._book.slots[LAST][slots])
        keys = self._book.slots.keys_of(slots).get_columns()
        return pl.DataFrame([last, *keys, *self._book.parts(slots)]).select(self._stored)

    def _restore(self, frame: pl.DataFrame) -> None:
        slots = self._book.slots.find(frame)
        count = frame[KEPT].to_numpy()
        worth = self._lanes.of_parts(frame, count)
        self._book.open(worth.sums)
        self._book.slots[LAST][slots] = frame[LAST].to_numpy()
        self._book.store(slots, count, worth)

    def _part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        return self._rows_of(self._book.slots.known(keys))

    def _exchange(self, keys: pl.DataFrame, frame: pl.DataFrame | None) -> None:
        self._book.forget(self._book.slots.known(keys))
        if frame is not None:
            self._restore(frame)
