"""The edge's part of an absence: passes on as few rows as the final part needs to say exactly the same.

Theory of operation. Time is cut into buckets of half the silence, aligned to the epoch. Whenever the watermark
advances, of the rows that it passes each key gives up, for each bucket, the first one (if it is the first of its bucket
at all) and the last one. All others stay here.

*Nothing false, nothing missing.* Take all rows of a key on all edges, and those that were passed on.
(1) If two neighbours a, b of all rows are `silence` or more apart, both are passed on: a is the last of its bucket on
its edge, because the rest of the bucket is shorter than the silence, so it is the last of whatever the watermark passed
of that bucket; b is the first of its bucket in the same way. So every gap is seen, from its first instant to its last.
(2) If two neighbours a, b of the rows passed on are `silence` or more apart, there is no row x strictly between them:
the first and the last row passed on of x's bucket and edge stand at or before x and at or after x, hence at or before a
and at or after b, and a bucket would be longer than half the silence. So no gap is invented.
Both hold for every superset of the first and last rows of the buckets, so it does not matter where the watermark
stopped on its way, on which edge, or what was sent again after a crash.

*Nothing late.* A row is passed on as soon as the watermark passes it, before that watermark is promised, and is never
held back for a later one. So the promise is the watermark itself, no row is behind it, and the final part raises when
the lowest watermark of the edges reaches the due instant, as one process would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import AbsenceNode
from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.blindness import uncounted
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.slots import NEVER, Longs, Mask, Slots
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.stream.batch import ARRIVAL_WATERMARK, COUNT, DEPTH, ID, TIME, WEIGHT, Batch

_BUCKET: Final = "bucket"
"""Column by slot: the bucket of the latest row that was passed on (number from the epoch)."""


class AbsencePartialOperator(Operator):
    """Role `partial`. Rows out: `_time`, `_id` and the keys of rows of the stream, in the total order."""

    def __init__(self, node: AbsenceNode, context: OperatorContext) -> None:
        self._keys = list(node.keys)
        types = node.schema.polars()
        self._length = max(1, node.silence // 2)
        self._slots = Slots({k: types[k] for k in node.keys}, {_BUCKET: BEGINNING, ALARM: NEVER})
        self._alarms = Alarms(self._slots)
        self._held = HeldRows()
        self._late = 0
        self._seen_blind = BEGINNING

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are counted and passed on at once."""
        if batch.late:
            self._late += batch.height
            if ARRIVAL_WATERMARK in batch.frame.columns:
                return (Batch(batch.frame.select(TIME, ID, *self._keys, ARRIVAL_WATERMARK), late=True),)
        else:
            known = [c for c in (TIME, DEPTH, ID, WEIGHT, COUNT) if c in batch.frame.columns]
            self._held.add(batch.frame.select(*known, *self._keys))
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Pass on the first and last row of each key and bucket."""
        rows = self._held.release(watermark)
        passed = None
        if rows is not None:
            more = [c for c in (WEIGHT, COUNT) if c in rows.columns]
            needed = self._needed(rows) | self._blind(rows)
            passed = rows.filter(pl.Series(needed)).select(TIME, ID, *more, *self._keys)
        # A bucket that is over does not come again: its key need not be known any more.
        woken = self._alarms.take(watermark)
        over = self._over(woken)
        self._slots.reset(woken[over <= watermark], (_BUCKET,))
        self._slots.free(woken[over <= watermark])
        self._alarms.arm(woken[over > watermark], over[over > watermark])
        return () if passed is None else (Batch(passed),)

    def next_due(self) -> int | None:
        """Just behind the first row held, or when a bucket is over."""
        due = [] if self._held.lowest is None else [self._held.lowest + 1]
        alarm = self._alarms.lowest()
        return min([*due, *([] if alarm is None else [alarm])], default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return None if self._held.highest is None else self._held.highest + 1

    def snapshot(self) -> State:
        """The open bucket of each key, and rows held back."""
        frames = {"slots": self._slots.frame(), "held": self._held.frame()}
        return State(
            {"late": self._late, "blind": self._seen_blind}, {n: f for n, f in frames.items() if f is not None}
        )

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._late = state.values["late"]
        self._seen_blind = state.values.get("blind", BEGINNING)
        self._slots.restore(state.frames["slots"])
        self._alarms.rearm()
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows that came late; `keys`: keys held."""
        return {"late": self._late, "keys": len(self._slots)}

    def _needed(self, rows: pl.DataFrame) -> Mask:
        """Which of the rows, in the total order, are the first or last that are known of their key and bucket."""
        slots = self._slots.find(rows)
        order = np.argsort(slots, kind="stable")
        slot, bucket = slots[order], rows[AT].to_numpy()[order] // self._length
        known = self._slots[_BUCKET]
        key_ends = np.append(slot[1:] != slot[:-1], True)
        key_begins = np.append(True, key_ends[:-1])
        ends = key_ends | np.append(bucket[1:] != bucket[:-1], True)
        begins = np.append(True, ends[:-1]) & ~(key_begins & (known[slot] == bucket))
        known[slot[key_ends]] = bucket[key_ends]
        distinct = slot[key_ends]
        self._alarms.arm(distinct, self._over(distinct))
        needed = np.empty(len(slot), np.bool_)
        needed[order] = begins | ends
        return needed

    def _blind(self, rows: pl.DataFrame) -> Mask:
        """Of each bucket the first row that stands for others: silences are open then, whoever is silent."""
        found = uncounted(rows)
        if found.any():
            buckets = rows[AT].to_numpy() // self._length
            first = np.zeros(len(buckets), np.bool_)
            first[np.unique(np.where(found, buckets, self._seen_blind), return_index=True)[1]] = True
            found &= first & (buckets > self._seen_blind)
            self._seen_blind = max(self._seen_blind, int(buckets[found].max(initial=self._seen_blind)))
        return found

    def _over(self, slots: Longs) -> Longs:
        """When the bucket of each slot ends."""
        return (self._slots[_BUCKET][slots] + 1) * self._length
