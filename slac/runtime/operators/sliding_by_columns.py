"""`window: sliding 60s` of sums and extremes: what is held of each key, and what comes to it and leaves it again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from slac.plan.aggregates import partial_schema
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.keyed.book import Book
from slac.runtime.keyed.grouping import ByKey, Longs, by_key
from slac.runtime.keyed.halves import Halves, wide_peaks
from slac.runtime.keyed.integers import added, joined, negative, sums_upto, taken
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.log import Log, Rows, one_behind
from slac.runtime.keyed.segments import last_of_runs
from slac.runtime.keyed.turns import Turns, turns
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.window_per_row import PerRowOperator
from slac.stream.order import order_of_ids


class SlidingByColumns(PerRowOperator):
    """State is a row of numbers for each row of the last `size`, and one of totals for each of their keys.

    Of a row at t, all rows of its key in (t − size, t] count.
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        self._size = node.window.size
        self._lanes = Lanes(node.aggregates)
        self._peaks = [one.name for one in self._lanes.peaks]
        self._stored = {AT: pl.Int64(), **partial_schema(self._types, node.aggregates)}
        self._forget()

    def _forget(self) -> None:
        self._log, self._book = Log(), Book(self._types, self._lanes)
        self._halves = Halves(self._book, self._peaks)

    def statistics(self) -> Mapping[str, int]:
        """Also `groups`: rows that still count."""
        return {**super().statistics(), "groups": len(self._log)}

    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        groups, at = by_key(rows, self._keys), rows[AT].to_numpy()
        coming = Rows(at, groups.spread(self._book.slots_of(groups)), self._lanes.of(rows))
        ids = self._results.ids(rows, groups)
        order = order_of_ids(at, ids)
        parts = self._moved(coming, _last_of_instant(groups, at)[order])
        return self._results.beside(rows.select(AT, *self._keys)[order], ids[order], parts)

    def _moved(self, coming: Rows, seen: Longs) -> list[pl.Series]:
        """Let rows come, and those leave that are too old for the last of them: the parts for the rows `seen`."""
        until, is_wide = int(coming.times[-1]) - self._size, int(coming.times[0]) <= int(coming.times[-1]) - self._size
        before = self._log.all() if is_wide else None
        if self._peaks and not is_wide and self._log.upto(until) > self._halves.left:
            self._halves.turn(self._log.all())
        self._log.add(coming)
        leaving = self._log.leave(self._log.upto(until))
        found = turns(leaving, coming, self._size)
        count, total = self._totals(leaving, coming, found, found.places[seen])
        empty = found.slots[count[len(seen) :] == 0]
        if self._peaks and before is None:
            peaks = self._halves.move(len(leaving), coming, found, seen)
        elif before is not None:
            peaks = wide_peaks(one_behind(before, coming), self._peaks, found, seen)
            self._halves.turn(self._log.all())
        else:
            peaks = {}
        self._book.store(found.slots, count[len(seen) :], total.part(slice(len(seen), None)))
        self._book.forget(empty)
        return self._lanes.parts(count[: len(seen)], Worth(total.part(slice(len(seen))).sums, peaks))

    def _totals(self, leaving: Rows, coming: Rows, found: Turns, places: Longs) -> tuple[Longs, Worth]:
        """How many rows count, and their sums: at some places of the turns, then at the end of each slot."""
        book, segments = self._book, found.segments
        book.open({**leaving.worth.sums, **coming.worth.sums})
        places = np.concatenate([places, segments.ends])
        of = segments.of[places]
        steps = np.where(found.is_leaving, -1, 1)
        counted = sums_upto(steps, segments.starts, of, places, segments.longest)
        total = Worth()
        for name in book.live:
            sums = taken(book.sums(name, found.slots), of)
            if name in leaving.worth.sums or name in coming.worth.sums:
                moved = joined(negative(leaving.lane(name)), coming.lane(name))
                upto = sums_upto(taken(moved, found.order), segments.starts, of, places, segments.longest)
                sums = added(sums, upto)
            total.sums[name] = sums
        return book.count(found.slots)[of] + np.asarray(counted), total

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
        count, total = self._totals(rows.part(slice(0)), rows, found, found.places[:0])
        self._book.store(found.slots, count, total)
        self._log.add(rows)
        self._halves.turn(rows)

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


def _last_of_instant(groups: ByKey, at: Longs) -> Longs:
    """For each row, the last row of its key and instant."""
    times, keys = at[groups.order], np.repeat(np.arange(len(groups.lengths)), groups.lengths)
    is_last = np.append((times[1:] != times[:-1]) | (keys[1:] != keys[:-1]), True)
    seen = np.empty(len(at), np.int64)
    seen[groups.order] = groups.order[last_of_runs(is_last)]
    return seen
