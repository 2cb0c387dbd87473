"""A violation: raised per key when its condition has been true for long enough, resolved when it turns false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from slac.plan.machine import NO_DATA, UNDECIDED, TransitionTable, transition_table
from slac.plan.messages import named_in
from slac.plan.nodes import AuditNode, StateSpec, ViolationNode
from slac.runtime.audits.clocks import STATE
from slac.runtime.audits.course import EvenCourse
from slac.runtime.audits.engine import LAST, MachineEngine
from slac.runtime.audits.episodes import EpisodeRows
from slac.runtime.audits.evaluation import CONDITION, Conditions, support
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.slots import SLOT, Slots
from slac.runtime.operator import BEGINNING, OperatorContext, State
from slac.runtime.operators.replayable import ReplayableOperator
from slac.stream.batch import DEPTH, ID, TIME, Batch

_RAISED, _CLEAR = "raised", "clear"


class ViolationOperator(ReplayableOperator):
    """A machine of two states for every key; a key without rows for `retain` is forgotten, and resolved before.

    Rows out: `_time` (of the row that raised or resolved, or the instant of a stay), that row's `_seen` and `_kept` (0
    where no row made it), then `slac.plan.reports`' violation columns.
    """

    def __init__(self, node: ViolationNode, context: OperatorContext) -> None:
        self._node = node
        table = _table(node)
        named = (f"when {_RAISED}", f"when {_CLEAR}", NO_DATA, UNDECIDED)
        places = [table.conditions.index(name) for name in named]
        types = node.schema.polars()
        self._keys = {k: types[k] for k in node.keys}
        self._slots = Slots(self._keys, {})
        self._rows = EpisodeRows(node, context.document, self._slots)
        self._engine = MachineEngine(table, self._slots, node.retain, EvenCourse(), traced=True)
        self._conditions = Conditions([(node.condition, places[0])], *places[1:])
        self._held = HeldRows()
        self._latest = self._ended = BEGINNING
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        frame = batch.frame
        if batch.late:
            self._late += batch.height
            return ()
        order = [c for c in (TIME, DEPTH, ID) if c in frame.columns]
        told = [c for c in named_in(self._node.message) if c in frame.columns]
        needed = [c for c in dict.fromkeys((*self._node.keys, *told)) if c not in order]
        self._held.add(frame.select(*order, *needed, self._conditions.of(frame), *support(frame)))
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Step the machines through all rows and stays before the watermark."""
        rows = self._held.release(watermark)
        if rows is not None:
            self._latest = max(self._latest, int(rows[AT][-1]))
            conditions = rows[CONDITION].to_numpy().astype(np.int64)
            self._engine.rows(self._slots.find(rows), rows[AT].to_numpy(), conditions)
        until = min(watermark - 1, self._latest) if end else watermark - 1
        self._ended = watermark if end else self._ended
        woken = self._engine.clocks(until)
        table = self._engine.take().table()
        frame = None if table is None else self._rows.frame(table, rows)
        gone = woken[self._slots[LAST][woken] == BEGINNING]
        self._slots.free(gone)
        self._engine.arm(np.setdiff1d(woken, gone, assume_unique=True))
        return () if frame is None else (Batch(frame),)

    def next_due(self) -> int | None:
        """Just behind the first row held, or behind what falls due first."""
        due = [] if self._held.lowest is None else [self._held.lowest + 1]
        alarm = self._engine.alarms.lowest()
        return min([*due, *([] if alarm is None else [max(alarm, self._ended) + 1])], default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return None if self._held.highest is None else self._held.highest + 1

    def snapshot(self) -> State:
        """Machines by key with the messages of those that are raised, and rows held back."""
        frames = {**self.part(self.known()).frames, "held": self._held.frame()}
        return State(self.values(), {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._latest, self._ended = state.values["latest"], state.values["ended"]
        self._late = state.values["late"]
        self._slots.restore(state.frames["slots"])
        self._rows.restore(state.frames["messages"])
        self._engine.alarms.rearm()
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `keys`: keys held; `raised`: how many of them are raised."""
        raised = int((self._slots[STATE][self._slots.used()] == 0).sum())
        return {"late": self._late, "keys": len(self._slots), "raised": raised}

    @property
    def keys(self) -> Mapping[str, pl.DataType]:
        """The columns by which the violation is kept."""
        return self._keys

    def known(self) -> pl.DataFrame:
        """All keys held."""
        return self._slots.keys_of(self._slots.used())

    def values(self) -> dict[str, Any]:
        """How far rows have come, and how many were late."""
        return {"latest": self._latest, "ended": self._ended, "late": self._late}

    def part(self, keys: pl.DataFrame) -> State:
        """Machines of these keys, and the messages of those that are raised."""
        slots = self._slots.known(keys)
        return State(self.values(), {"slots": self._slots.part(slots), "messages": self._rows.part(slots)})

    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Exchange the machines of these keys."""
        gone = self._slots.known(keys)
        self._rows.forget(gone)
        self._slots.reset(gone, self._slots.names)
        self._slots.free(gone)
        slots = self._slots.graft(state.frames["slots"])
        self._rows.graft(state.frames["messages"], state.frames["slots"][SLOT].to_list(), slots.tolist())
        self._engine.alarms.again(slots)


def _table(node: ViolationNode) -> TransitionTable:
    """A violation is an audit of two states that tells less."""
    raised = StateSpec(
        name=_RAISED, when=node.condition, verdict="violated", report_every=node.repeat_every, settle=node.settle
    )
    clear = StateSpec(name=_CLEAR, when=node.condition, verdict="ok")
    audit = AuditNode(
        id=node.id,
        block=node.block,
        node=node.node,
        schema=node.schema,
        keys=node.keys,
        states=(raised, clear),
        initial=_CLEAR,
        retain=node.retain,
    )
    return transition_table(audit)
