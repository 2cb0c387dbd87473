"""`window: running` of sums and extremes: prefixes of the rows of each key, and what the key had before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.keyed.book import COUNT, LAST, Book
from slac.runtime.keyed.grouping import ByKey, Longs, Mask, by_key
from slac.runtime.keyed.lanes import Lanes
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
        """The parts of what counts at the places `seen` (by key), and at the end of each key for the next batch."""
        lanes, book = self._lanes.of(rows), self._book
        book.open([name for name in lanes])
        places = np.concatenate([seen, groups.starts + groups.lengths - 1])
        of = segments.of[places]
        count = places - segments.starts[of] + 1 + np.where(carried < 0, 0, book.slots[COUNT][carried])[of]
        sums = {}
        for name in book.live:
            total = book.sums(name, carried)
            if name in lanes:
                prefix = lanes[name].gather(groups.order).cum_sum()
                before = prefix.shift(1, fill_value=0).gather(segments.starts)
                sums[name] = prefix.gather(places) + (total - before).gather(of)
            else:
                sums[name] = total.gather(of)
        peaks = {}
        for one in self._lanes.peaks:
            found = cumulative_peaks(lanes[one.name].to_numpy()[groups.order], segments)[places]
            peaks[one.name] = np.maximum(found, book.peaks(one.name, carried)[of])
        n = len(seen)
        book.slots[COUNT][slots] = count[n:]
        for name, total in sums.items():
            book.store(name, slots, total[n:])
        for name, codes in peaks.items():
            book.slots[name][slots] = codes[n:]
        return self._lanes.parts(count[:n], {k: s[:n] for k, s in sums.items()}, {k: c[:n] for k, c in peaks.items()})

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
        return pl.DataFrame([last, *keys, *self._book.parts(slots)]).select(LAST, *self._columns[1:])

    def _restore(self, frame: pl.DataFrame) -> None:
        slots = self._book.slots.find(frame)
        count = frame[KEPT].to_numpy()
        lanes = self._lanes.from_parts(frame, count)
        self._book.open(list(lanes))
        self._book.slots[COUNT][slots], self._book.slots[LAST][slots] = count, frame[LAST].to_numpy()
        self._book.take(slots, lanes)

    def _part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        return self._rows_of(self._book.slots.known(keys))

    def _exchange(self, keys: pl.DataFrame, frame: pl.DataFrame | None) -> None:
        self._book.forget(self._book.slots.known(keys))
        if frame is not None:
            self._restore(frame)
