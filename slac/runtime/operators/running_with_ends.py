"""`window: running` of sums, extremes, and FIRST and LAST of any type."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from slac.plan.aggregates import partial_schema
from slac.plan.nodes import WindowNode
from slac.runtime.keyed.book import LAST
from slac.runtime.keyed.ends import Ends, Found, is_end
from slac.runtime.keyed.finals import Finals
from slac.runtime.keyed.grouping import Longs
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.running_by_columns import RunningByColumns, Wave


class RunningWithEnds(RunningByColumns):
    """State is that of `RunningByColumns`, and for each FIRST or LAST a value with its place in the total order."""

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        sums = [call for call in node.aggregates if not is_end(call)]
        self._finals = Finals(sums, self._lanes)
        self._stored = [pl.col(n).cast(t) for n, t in {LAST: pl.Int64(), **partial_schema(self._types, sums)}.items()]
        self._ends = [Ends(call, self._book.slots) for call in node.aggregates if is_end(call)]
        self._order = [LAST, *partial_schema(self._types, node.aggregates)]
        self._found: list[Found] = []

    def _wave(self, rows: pl.DataFrame) -> Wave:
        wave = super()._wave(rows)
        segments, carried = self._spells(wave.by_slot, wave.times)
        self._found = [one.of(rows, wave.by_slot.order, segments, carried) for one in self._ends]
        return replace(wave, values=[*wave.values, *(found.values for found in self._found)])

    def _keep(self, wave: Wave) -> None:
        for one, found in zip(self._ends, self._found, strict=True):
            one.keep(wave.rows, wave.by_slot.slots, found, wave.ends)
        self._found = []
        super()._keep(wave)

    def _rows_of(self, slots: Longs) -> pl.DataFrame | None:
        frame = super()._rows_of(slots)
        return None if frame is None else frame.with_columns(e.column_of(slots) for e in self._ends).select(self._order)

    def _restore(self, frame: pl.DataFrame) -> None:
        super()._restore(frame)
        slots = self._book.slots.find(frame)
        for one in self._ends:
            one.restore(slots, frame[one.part])
