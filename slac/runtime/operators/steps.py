"""RATE, INCREASE and DELTA without a window: each sample of a series beside the one before it.

Rows wait for the watermark and are taken in the total order, so neither arrival nor batches matter. A batch is brought
into the order of its keys, where the sample before a row is the one to its left; the first of each key finds it in the
key's state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregation.family import argument
from slac.plan.nodes import StepsNode
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.slots import Slots
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.runtime.operators.on_time import on_time
from slac.runtime.operators.step_values import Column, said
from slac.stream.batch import META, Batch

LAST: Final = "last"
_FEW: Final = 1024


class StepsOperator(Operator):
    """State is the time and value of the last sample of each key, for `retain`; rows keep their times and ids.

    Rows out: the meta columns of the row, then the node's schema, in the total order. What is NULL, NaN or infinite is
    no sample; the row after it goes back to the last one that was.
    """

    def __init__(self, node: StepsNode, context: OperatorContext) -> None:
        self._node = node
        types = node.schema.polars()
        self._values = [argument(call).alias(call.name) for call in node.steps]
        columns = {f"{word}{i}": blank for i in range(len(node.steps)) for word, blank in (("at", BEGINNING), ("v", 0))}
        self._slots = Slots({k: types[k] for k in node.keys}, {LAST: BEGINNING, **columns})
        self._held = HeldRows()
        self._crowded = _FEW
        self._reached = BEGINNING
        self._late = self._resets = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        frame = on_time(batch, self._reached)
        self._late += batch.height - frame.height
        self._held.add(frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Each row before the watermark with its steps."""
        rows = self._held.release(watermark)
        self._reached = max(self._reached, watermark)
        if rows is None:
            return ()
        made = self._stepped(rows)
        if len(self._slots) > self._crowded:
            self._sweep()
            self._crowded = _FEW + 2 * len(self._slots)
        meta = [pl.col(name) for name in META if name in rows.columns]
        columns = [pl.col(n).cast(t) for n, t in self._node.schema.polars().items()]
        return (Batch(rows.with_columns(made).select(*meta, *columns)),)

    def next_due(self) -> int | None:
        """Just behind the first row held."""
        return None if self._held.lowest is None else self._held.lowest + 1

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return None if self._held.highest is None else self._held.highest + 1

    def snapshot(self) -> State:
        """The last sample of each key, and rows held back."""
        held = self._held.frame()
        values = {"reached": self._reached, "late": self._late, "resets": self._resets}
        return State(values, {"keys": self._slots.frame(), **({} if held is None else {"held": held})})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._reached, self._late = state.values["reached"], state.values["late"]
        self._resets = state.values["resets"]
        self._slots.restore(state.frames["keys"])
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `rows`: held back; `keys`: known; `resets`: counters that began anew."""
        return {"late": self._late, "rows": self._held.rows, "keys": len(self._slots), "resets": self._resets}

    def _stepped(self, rows: pl.DataFrame) -> list[pl.Series]:
        slots = self._slots.find(rows)
        order = np.argsort(slots, kind="stable")
        sorted_slots, at = slots[order], rows[AT].to_numpy()[order]
        values = rows.select(self._values)
        made = []
        for i, call in enumerate(self._node.steps):
            state_at, state_value = self._slots[f"at{i}"], self._slots[f"v{i}"]
            column = Column.of(values[call.name], order, sorted_slots, at, state_at, state_value)
            step = said(call.function, column, self._node.retain)
            column.remember(state_at, state_value)
            self._resets += step.resets
            back = np.empty_like(order)
            back[order] = np.arange(len(order))
            known = pl.Series(step.known[back])
            made.append(
                pl.Series(call.name, step.value[back]).to_frame().select(pl.when(known).then(call.name)).to_series()
            )
        # In the order of keys and times, the last one that is written is the last in time.
        self._slots[LAST][sorted_slots] = at
        return made

    def _sweep(self) -> None:
        used = self._slots.used()
        gone = used[self._slots[LAST][used] < self._reached - self._node.retain]
        self._slots.reset(gone, [LAST, *(f"{w}{i}" for i in range(len(self._node.steps)) for w in ("at", "v"))])
        self._slots.free(gone)
