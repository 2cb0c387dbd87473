"""`window: running` of sums and extremes: prefixes of the rows of each key, and what the key had before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import partial_schema
from slac.plan.nodes import WindowNode
from slac.plan.waiting import MOST_ROWS
from slac.runtime.audits.held import AT
from slac.runtime.keyed.book import LAST, Book
from slac.runtime.keyed.finals import Finals
from slac.runtime.keyed.grouping import BySlot, Longs
from slac.runtime.keyed.integers import sums_behind
from slac.runtime.keyed.key_hashes import KeyHashes
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.picking import picked, picked_rows
from slac.runtime.keyed.segments import Segments, cumulative_peaks, last_of_runs
from slac.runtime.operator import BEGINNING, OperatorContext
from slac.runtime.operators.window_per_row import PerRowOperator
from slac.stream.batch import KEPT, MARKS, Batch, instants
from slac.stream.ids import Ids
from slac.stream.order import order_of_ids

_FEW: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Rows in the total order with the slots of their keys; by slot and time: times, totals and values."""

    rows: pl.DataFrame
    slots: Longs
    by_slot: BySlot
    times: Longs
    count: Longs
    total: Worth
    values: list[pl.Series]

    @property
    def ends(self) -> Longs:
        """The last place of each slot."""
        return self.by_slot.starts + self.by_slot.lengths - 1


class RunningByColumns(PerRowOperator):
    """State is one row of totals a key, for `retain`: a key that was silent for longer begins anew."""

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        self._lanes = Lanes(node.aggregates)
        self._book = Book(self._types, self._lanes)
        self._finals = Finals(node.aggregates, self._lanes)
        self._hashes = KeyHashes(self._book.slots, self._keys, self._results.salt)
        types = {LAST: pl.Int64(), **partial_schema(self._types, node.aggregates)}
        self._stored = [pl.col(name).cast(dtype) for name, dtype in types.items()]
        self._crowded = _FEW
        self._is_spared, self._has_news = False, True

    def spare(self, most: int | None) -> None:
        """Nobody hears of rows behind the first of a key: those whose key is known may wait."""
        if self._is_spared != (most is not None):
            self._is_spared, self._has_news = most is not None, True

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        super().on_batch(port, batch)
        if self._is_spared and not self._has_news:
            self._has_news = self._may_begin(batch.frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """A row for each row before the watermark."""
        said = super().on_watermark(watermark, end=end)
        if self._is_spared:
            held = self._held.frame()
            self._has_news = held is not None and self._may_begin(held)
        return said

    def next_due(self) -> int | None:
        """Just behind the first row held; where nobody hears of rows of known keys, not before another one comes."""
        if self._is_spared and not self._has_news and self._held.rows < MOST_ROWS:
            return None
        return super().next_due()

    def _may_begin(self, frame: pl.DataFrame) -> bool:
        """Whether a row may be the first of its key, which may have been silent, or says more than that it is there."""
        if not frame.height:
            return False
        slots = self._book.slots.places(frame)
        if slots.min() < 0 or not MARKS.isdisjoint(frame.columns):
            return True
        silent = int(instants(frame).max()) - int(self._book.slots[LAST][slots].min())  # type: ignore[arg-type]
        return silent > self._node.retain

    def statistics(self) -> Mapping[str, int]:
        """Also `keys`: keys held."""
        return {**super().statistics(), "keys": len(self._book)}

    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        wave = self._wave(rows)
        hashes = self._hashes.of(wave.slots, wave.rows)
        self._keep(wave)
        return self._frame_of(wave, hashes)

    def _wave(self, rows: pl.DataFrame) -> Wave:
        """What these rows come to; nothing is kept yet."""
        at = rows[AT].to_numpy()
        slots = self._book.slots.find(rows)
        by_slot = BySlot.of(slots)
        times = at[by_slot.order]
        segments, carried = self._spells(by_slot, times)
        count, total = self._totals(rows, by_slot, segments, carried)
        values = self._finals.of(count, total)
        return Wave(rows=rows, slots=slots, by_slot=by_slot, times=times, count=count, total=total, values=values)

    def _frame_of(self, wave: Wave, hashes: Ids) -> pl.DataFrame:
        """The rows that are said, by the hashes of their keys."""
        ids = self._results.ids_by(wave.rows, hashes)
        order = order_of_ids(wave.rows[AT].to_numpy(), ids)
        places = _last_of_instant(wave.by_slot, wave.times)[order]
        said = picked_rows(wave.rows, [AT, *self._keys], order)
        return self._results.beside(said, ids[order], [picked(one, places) for one in wave.values])

    def _spells(self, by_slot: BySlot, times: Longs) -> tuple[Segments, Longs]:
        """The spells of each key (by slot), and of each the slot whose totals it goes on with, or −1."""
        starts, lengths, retain = by_slot.starts, by_slot.lengths, self._node.retain
        # What is not known yet has no totals to go on with.
        last = self._book.slots[LAST][by_slot.slots]
        first = times[starts]
        last = np.where(last == BEGINNING, first, last)
        if int(times.max()) - int(last.min()) <= retain:
            return Segments(starts, starts + lengths - 1), by_slot.slots
        anew = np.append(False, times[1:] - times[:-1] > retain)
        anew[starts] = first - last > retain
        begins = anew.copy()
        begins[starts] = True
        carried = np.full(len(times), -1, np.int64)
        carried[starts] = by_slot.slots
        return Segments.at(begins), np.where(anew, -1, carried)[begins]

    def _totals(self, rows: pl.DataFrame, by_slot: BySlot, segments: Segments, carried: Longs) -> tuple[Longs, Worth]:
        """How many rows count for each row, and their sums and peaks, by slot."""
        book, order = self._book, by_slot.order
        worth = self._lanes.of(picked_rows(rows, self._lanes.columns(rows) or [AT], order))
        book.open(worth.sums)
        lengths = segments.lengths
        count = np.arange(1, len(order) + 1) + np.repeat(book.count(carried) - segments.starts, lengths)
        total = Worth()
        for name in book.live:
            before = book.sums(name, carried)
            if name in worth.sums:
                total.sums[name] = sums_behind(worth.sums[name], segments, before)
            else:
                total.sums[name] = before[segments.of]
        for name, codes in worth.peaks.items():
            before = np.repeat(book.peaks(name, carried), lengths)
            total.peaks[name] = np.maximum(cumulative_peaks(codes, segments), before)
        return count, total

    def _keep(self, wave: Wave) -> None:
        """What each key ends with."""
        slots, ends = wave.by_slot.slots, wave.ends
        self._book.slots[LAST][slots] = wave.times[ends]
        self._book.store(slots, wave.count[ends], wave.total.part(ends))
        self._sweep(int(wave.times.max()))

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


def _last_of_instant(by_slot: BySlot, times: Longs) -> Longs:
    """For each row, as they stood, the place of the last row of its key and instant: they see each other."""
    is_last = times[1:] != times[:-1]
    is_last[by_slot.starts[1:] - 1] = True
    places = np.empty(len(times), np.int64)
    if is_last.all():
        places[by_slot.order] = np.arange(len(times))
    else:
        places[by_slot.order] = last_of_runs(np.append(is_last, True))
    return places
