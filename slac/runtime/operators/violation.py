"""A violation: raised per key when its condition turns true, resolved when it turns false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.lowering import lower
from slac.plan.messages import columns_in
from slac.plan.nodes import ViolationNode
from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.evaluation import CONDITION, support
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.messages import message
from slac.runtime.audits.occurrences import occurrence_ids
from slac.runtime.audits.rounds import rounds
from slac.runtime.audits.slots import NEVER, Longs, Slots
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.stream.batch import DEPTH, ID, KEPT, SEEN, TIME, TIME_TYPE, WEIGHT_ONE, Batch

_FALSE, _TRUE, _UNKNOWN = range(3)
_CLEAR, _RAISED = range(2)
_MATRIX: Final = np.array([[_CLEAR, _RAISED, _CLEAR], [_CLEAR, _RAISED, _RAISED]], np.int64)
_STATE, _SINCE, _LAST = "state", "since", "last"
_MACHINE: Final = {_STATE: _CLEAR, _SINCE: BEGINNING, _LAST: BEGINNING}
_META: Final = (TIME, ID, SEEN, KEPT)


class ViolationOperator(Operator):
    """A machine of two states for every key; a key without rows for `retain` is forgotten, raised or not.

    Rows out: `_time` of the row that raised or resolved, its `_seen` and `_kept`, then `slac.plan.reports`'
    violation columns.
    """

    def __init__(self, node: ViolationNode, context: OperatorContext) -> None:
        self._node = node
        self._document = context.document
        self._types = node.schema.polars()
        self._slots = Slots({k: self._types[k] for k in node.keys}, {**_MACHINE, ALARM: NEVER})
        self._alarms = Alarms(self._slots)
        condition = lower(node.condition)
        found = pl.when(condition).then(_TRUE).when(condition.is_null()).then(_UNKNOWN).otherwise(_FALSE)
        self._condition = found.cast(pl.Int16).alias(CONDITION)
        self._held = HeldRows()
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        frame = batch.frame
        if batch.late:
            self._late += batch.height
            return ()
        order = [c for c in (TIME, DEPTH, ID) if c in frame.columns]
        told = [c for c in columns_in(self._node.message) if c in frame.columns]
        needed = [c for c in dict.fromkeys((*self._node.keys, *told)) if c not in order]
        self._held.add(frame.select(*order, *needed, self._condition, *support(frame)))
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Step the machines through all rows before the watermark."""
        rows = self._held.release(watermark)
        frame = None if rows is None else self._step(rows)
        woken = self._alarms.take(watermark - 1)
        last = self._slots[_LAST][woken]
        gone = last + self._node.retain < watermark
        self._slots.reset(woken[gone], _MACHINE)
        self._slots.free(woken[gone])
        self._alarms.arm(woken[~gone], last[~gone] + self._node.retain)
        return () if frame is None or not frame.height else (Batch(frame),)

    def next_due(self) -> int | None:
        """Just behind the first row held, or when a key is to be forgotten."""
        due = [] if self._held.lowest is None else [self._held.lowest + 1]
        alarm = self._alarms.lowest()
        return min([*due, *([] if alarm is None else [alarm + 1])], default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return None if self._held.highest is None else self._held.highest + 1

    def snapshot(self) -> State:
        """Machines by key, and rows held back."""
        frames = {"slots": self._slots.frame(), "held": self._held.frame()}
        return State({"late": self._late}, {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._late = state.values["late"]
        self._slots.restore(state.frames["slots"])
        self._alarms.rearm()
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `keys`: keys held; `raised`: how many of them are raised."""
        raised = int((self._slots[_STATE][self._slots.used()] == _RAISED).sum())
        return {"late": self._late, "keys": len(self._slots), "raised": raised}

    def _step(self, rows: pl.DataFrame) -> pl.DataFrame:
        slots = self._slots.find(rows)
        times, conditions = rows[AT].to_numpy(), rows[CONDITION].to_numpy().astype(np.int64)
        last = self._slots[_LAST]
        said = [
            self._round(row, slots[row], times[row], conditions[row], before)
            for row, before in rounds(slots, conditions, times, last, retain=self._node.retain)
        ]
        np.maximum.at(last, slots, times)
        distinct = np.unique(slots)
        self._alarms.arm(distinct, last[distinct] + self._node.retain)
        row, state, since = (np.concatenate(column) for column in zip(*said, strict=True))
        return self._rows(rows[row], state, since)

    def _round(
        self, row: Longs, slots: Longs, times: Longs, conditions: Longs, before: Longs
    ) -> tuple[Longs, Longs, Longs]:
        """One row of each of some distinct slots; what changed: row, new state, since when it is or was raised."""
        self._slots.reset(slots[(before > BEGINNING) & (times - before > self._node.retain)], _MACHINE)
        old = self._slots[_STATE][slots]
        new = _MATRIX[old, conditions]
        self._slots[_STATE][slots] = new
        changed = new != old
        rises = changed & (new == _RAISED)
        self._slots[_SINCE][slots[rises]] = times[rises]
        return row[changed], new[changed], self._slots[_SINCE][slots][changed]

    def _rows(self, rows: pl.DataFrame, state: Longs, since: Longs) -> pl.DataFrame:
        kind = pl.Series("kind", ["resolved", "raised"]).gather(state)
        texts = message(self._node.message, rows.columns)
        frame = rows.select(
            TIME,
            (pl.col(SEEN) / WEIGHT_ONE).alias(SEEN),
            KEPT,
            *self._node.keys,
            kind.alias("kind"),
            pl.lit(self._node.severity).alias("severity"),
            pl.Series("since", since, pl.Int64).cast(TIME_TYPE),
            texts.alias("message"),
        )
        ids = occurrence_ids(frame, self._document, self._node.block, (*self._node.keys, "kind", TIME))
        columns = [pl.col(n).cast(t) for n, t in self._types.items()]
        return frame.with_columns(ids).select(*_META, *columns).sort(TIME, ID)
