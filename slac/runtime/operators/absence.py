"""Absence: raised once when a stream, or a key of it, has been silent for `silence`; resolved by its next row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import AbsenceNode
from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.messages import message
from slac.runtime.audits.service import course_of
from slac.runtime.audits.slots import NEVER, SLOT, Longs, Slots
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.stream.batch import DEPTH, ID, TIME, TIME_TYPE, Batch
from slac.stream.ids import row_ids

_LATEST, _RAISED = "latest", "raised"
_BLANK: Final = {_LATEST: BEGINNING, _RAISED: BEGINNING}
_NO_SLOTS: Final = np.empty(0, np.int64)


class AbsenceOperator(Operator):
    """Roles `whole` and `final`: the rows of the stream, or what the partials let through, make the same alarms.

    A silence is over with a row *before* the instant latest row + `silence`: a row exactly then resolves what was
    raised at that instant. Rows out: `_time` (of `raised` the instant when it fell due), `_id`, and
    `slac.plan.reports`' violation columns; `since` is when it was raised. A key that has been silent for `retain` is
    forgotten, raised or not; a stream as a whole never is.
    """

    def __init__(self, node: AbsenceNode, context: OperatorContext) -> None:
        self._node = node
        self._document = context.document
        self._types = node.schema.polars()
        self._slots = Slots({k: self._types[k] for k in node.keys}, {**_BLANK, ALARM: NEVER})
        self._alarms = Alarms(self._slots)
        self._course = course_of(node.during)
        self._retain = max(node.retain, node.silence) if node.keys else NEVER
        self._held = HeldRows()
        self._seen = BEGINNING
        self._ended = BEGINNING
        self._late = 0
        if context.start is not None and not node.keys:
            only = self._slots.find(pl.DataFrame({SLOT: [0]}))
            self._slots[_LATEST][only] = context.start
            self._arm(only)

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        if batch.late:
            self._late += batch.height
        else:
            order = [c for c in (TIME, DEPTH, ID) if c in batch.frame.columns]
            self._held.add(batch.frame.select(*order, *self._node.keys))
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Work off the rows before the watermark, then raise where silence has lasted until it."""
        rows = self._held.release(watermark)
        said = [] if rows is None else self._rows(rows)
        # At the end of a file nothing is raised behind its last row: the file has ended, nobody was silent.
        until = min(watermark, self._seen) if end else watermark
        self._ended = watermark if end else self._ended
        woken = self._alarms.take(until)
        said.append(self._silences(woken, until))
        frame = self._frame(pl.concat(said))
        self._tidy(woken, until)
        return () if frame is None else (Batch(frame),)

    def next_due(self) -> int | None:
        """Just behind the first row held, when the next silence has lasted long enough, or when a key is forgotten."""
        due = [] if self._held.lowest is None else [self._held.lowest + 1]
        alarm = self._alarms.lowest()
        return min([*due, *([] if alarm is None else [max(alarm, self._ended + 1)])], default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return None if self._held.highest is None else self._held.highest + 1

    def snapshot(self) -> State:
        """The latest row of every key, whether it is raised, and rows held back."""
        frames = {"slots": self._slots.frame(), "held": self._held.frame()}
        values = {"seen": self._seen, "ended": self._ended, "late": self._late}
        return State(values, {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot; the anchor is that of the first start."""
        self._seen, self._ended = state.values["seen"], state.values["ended"]
        self._late = state.values["late"]
        self._slots.restore(state.frames["slots"])
        self._alarms.rearm()
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `keys`: keys held; `raised`: how many of them are silent."""
        raised = int((self._slots[_RAISED][self._slots.used()] > BEGINNING).sum())
        return {"late": self._late, "keys": len(self._slots), "raised": raised}

    def _rows(self, rows: pl.DataFrame) -> list[pl.DataFrame]:
        """Gaps before rows: what they raised, and what the rows resolve."""
        self._seen = max(self._seen, int(rows[AT][-1]))
        slots = self._slots.find(rows)
        order = np.argsort(slots, kind="stable")
        slot, time = slots[order], rows[AT].to_numpy()[order]
        latest, raised = self._slots[_LATEST], self._slots[_RAISED]
        first = np.ones(len(slot), np.bool_)
        first[1:] = slot[1:] != slot[:-1]
        reached = np.maximum(time, latest[slot])
        before = np.where(first, latest[slot], np.roll(reached, 1))
        since = np.where(first, raised[slot], BEGINNING)
        due = self._due(before)
        gap = time >= due
        rises = gap & (since == BEGINNING)
        gone = (before > BEGINNING) & (time - before > self._retain)
        resolves = (rises | (since > BEGINNING)) & ~gone
        since = np.where(rises, due, since)
        np.maximum.at(latest, slot, time)
        raised[slot] = BEGINNING
        self._arm(slot[first])
        return [
            _piece("raised", slot[rises], due[rises], due[rises]),
            _piece("resolved", slot[resolves], time[resolves], since[resolves]),
        ]

    def _silences(self, woken: Longs, until: int) -> pl.DataFrame:
        """What is raised behind the last rows."""
        due = self._due(self._slots[_LATEST][woken])
        rises = (due <= until) & (self._slots[_RAISED][woken] == BEGINNING)
        slots, due = woken[rises], due[rises]
        self._slots[_RAISED][slots] = due
        return _piece("raised", slots, due, due)

    def _arm(self, slots: Longs) -> None:
        """Wake these (distinct) keys when their silence is due, or once raised, when they are to be forgotten."""
        latest = self._slots[_LATEST][slots]
        end = latest + self._retain + 1 if self._retain < NEVER else np.full(len(slots), NEVER)
        waiting = self._slots[_RAISED][slots] == BEGINNING
        self._alarms.arm(slots, np.where(waiting, np.minimum(self._due(latest), end), end))

    def _due(self, latest: Longs) -> Longs:
        """When silence since these rows has lasted long enough; NEVER where there was no row."""
        known = latest > BEGINNING
        due = self._course.add(np.where(known, latest, 0), np.full(len(latest), self._node.silence))
        found: Longs = np.where(known, due, NEVER)
        return found

    def _tidy(self, woken: Longs, until: int) -> None:
        gone = _NO_SLOTS
        if self._retain < NEVER:
            gone = woken[self._slots[_LATEST][woken] + self._retain < until]
            self._slots.reset(gone, _BLANK)
            self._slots.free(gone)
        self._arm(np.setdiff1d(woken, gone, assume_unique=True))

    def _frame(self, said: pl.DataFrame) -> pl.DataFrame | None:
        """The rows in the order of time; what was raised at an instant stands before what was resolved at it."""
        if not said.height:
            return None
        frame = said.drop(SLOT).hstack(self._slots.keys_of(said[SLOT].to_numpy()))
        severity, text = pl.lit(self._node.severity), message(self._node.message, self._node.keys)
        frame = frame.with_columns(severity.alias("severity"), text.alias("message"))
        ids = row_ids(frame, self._document, self._node.block, (*self._node.keys, "kind", TIME))
        columns = [pl.col(n).cast(t) for n, t in self._types.items()]
        return frame.with_columns(ids).select(TIME, ID, *columns).sort(TIME, "kind", ID)


def _piece(kind: str, slots: Longs, times: Longs, since: Longs) -> pl.DataFrame:
    return pl.DataFrame(
        {
            SLOT: pl.Series(slots, dtype=pl.Int64),
            TIME: pl.Series(times, dtype=pl.Int64).cast(TIME_TYPE),
            "kind": pl.Series([kind], dtype=pl.String).new_from_index(0, len(slots)),
            "since": pl.Series(since, dtype=pl.Int64).cast(TIME_TYPE),
        }
    )
