"""Absence: raised once when a stream, or a key of it, has been silent for `silence`; resolved by its next row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from slac.plan.nodes import AbsenceNode
from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.blindness import Blindness
from slac.runtime.audits.course_of_silence import heard, met_by, of_known, silences
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.repeats import Repeats
from slac.runtime.audits.service import course_of
from slac.runtime.audits.silences import SilenceRows, TardyRows, piece
from slac.runtime.audits.slots import NEVER, SLOT, Longs, Slots
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.stream.batch import DEPTH, ID, TIME, Batch

_LATEST, _RAISED, _TOLD = "latest", "raised", "told"
_BLANK: Final = {_LATEST: BEGINNING, _RAISED: BEGINNING, _TOLD: BEGINNING}
_NO_SLOTS: Final = np.empty(0, np.int64)


class AbsenceOperator(Operator):
    """Roles `whole` and `final`: the rows of the stream, or what the partials let through, make the same alarms.

    A silence is over with a row *before* the instant latest row + `silence`: a row exactly then resolves what was
    raised at that instant. Where a gate dropped uncounted events in between, a silence is raised as `_undecided`. A
    late row shows, at the watermark that it met, that its key was not silent: it is an end of its own kind. Rows out:
    `_time` (of `raised` the instant when it fell due), `_id`, and `slac.plan.reports`' violation columns; `since` is
    when it was raised; `repeat_every` behind that comes a `stay`, and so on. A key that has been silent for `retain` is
    resolved and forgotten; a stream as a whole never is.
    """

    def __init__(self, node: AbsenceNode, context: OperatorContext) -> None:
        self._node = node
        types = node.schema.polars()
        self._slots = Slots({k: types[k] for k in node.keys}, {**_BLANK, ALARM: NEVER})
        self._said = SilenceRows(node, context.document, self._slots)
        self._alarms = Alarms(self._slots)
        self._course = course_of(node.during)
        self._repeats = Repeats(node.repeat_every, self._course)
        self._retain = max(node.retain, node.silence) if node.keys else NEVER
        self._held = HeldRows()
        self._tardy = TardyRows(node.keys)
        self._blind = Blindness(node.silence)
        self._mark = BEGINNING
        self._seen = BEGINNING
        self._ended = BEGINNING
        self._late = 0
        if context.start is not None and not node.keys:
            only = self._slots.find(pl.DataFrame({SLOT: [0]}))
            self._slots[_LATEST][only] = context.start
            self._arm(only)

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them, and late ones until it has passed what they met."""
        if batch.late:
            self._late += batch.height
            self._tardy.add(batch.frame)
        else:
            order = [c for c in (TIME, DEPTH, ID) if c in batch.frame.columns]
            self._blind.see(batch.frame)
            self._held.add(batch.frame.select(*order, *self._node.keys))
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Work off the rows before the watermark, then raise where silence has lasted until it."""
        tardy = self._tardy.take(watermark)
        # At the end of a file nothing is raised behind its last row: the file has ended, nobody was silent.
        known = max(self._seen, self._held.before(watermark))
        self._ended = watermark if end else self._ended
        until = min(watermark, known) if end else watermark
        if tardy is not None:
            until = max(until, self._mark, int(tardy[TardyRows.WHERE].max()))  # type: ignore[arg-type]
        frame = self._said.frame(self._advance(watermark, until, tardy))
        return () if frame is None else (Batch(self._blind.marked(frame)),)

    def _advance(self, watermark: int, until: int, tardy: pl.DataFrame | None) -> list[pl.DataFrame]:
        """Rows before the watermark, late ones among them, then what falls due up to `until`."""
        rows = self._held.release(watermark)
        seen, mark = self._seen, self._mark
        self._mark = max(mark, watermark)
        times = _NO_SLOTS if rows is None else rows[AT].to_numpy()
        said: list[pl.DataFrame] = []
        if tardy is not None:
            said = self._with_tardy(rows, tardy, mark, times, seen)
        elif rows is not None:
            said = self._rows(rows, times, seen)
        woken = self._alarms.take(until)
        said += self._silences(woken, until, times, seen)
        # Slots that are freed now may be those of other keys before the rows are told.
        return [*map(self._said.keyed, said), self._tidy(woken, until)]

    def next_due(self) -> int | None:
        """Just behind the first row held, when the next silence has lasted long enough, or when a key is forgotten."""
        due = [t + 1 for t in (self._held.lowest, self._tardy.lowest) if t is not None]
        alarm = self._alarms.lowest()
        return min([*due, *([] if alarm is None else [max(alarm, self._ended + 1)])], default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return max((t + 1 for t in (self._held.highest, self._tardy.highest) if t is not None), default=None)

    def snapshot(self) -> State:
        """The latest row of every key, whether it is raised, and rows held back."""
        frames = {"slots": self._slots.frame(), "held": self._held.frame(), "tardy": self._tardy.frame()}
        values: dict[str, Any] = {"seen": self._seen, "ended": self._ended, "late": self._late, "mark": self._mark}
        values["blind"] = self._blind.snapshot()
        return State(values, {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot; the anchor is that of the first start."""
        self._seen, self._ended = state.values["seen"], state.values["ended"]
        self._late, self._mark = state.values["late"], state.values["mark"]
        self._blind.restore(state.values.get("blind", ()))
        self._tardy.restore(state.frames.get("tardy"))
        self._slots.restore(state.frames["slots"])
        self._alarms.rearm()
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows that came late; `keys`: keys held; `raised`: how many of them are silent."""
        raised = int((self._slots[_RAISED][self._slots.used()] > BEGINNING).sum())
        return {"late": self._late, "keys": len(self._slots), "raised": raised}

    def _rows(self, rows: pl.DataFrame, times: Longs, seen: int) -> list[pl.DataFrame]:
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
        ends = rises | (since > BEGINNING)
        since = np.where(rises, due, since)
        over, back = ends & gone, ends & ~gone
        told = np.where(rises, due, self._slots[_TOLD][slot])
        until = np.where(gone, before + self._retain, time)
        place, at, _ = self._repeats.between(told[ends], until[ends])
        again, quiet = np.flatnonzero(ends)[place], before[ends][place]
        np.maximum.at(latest, slot, time)
        raised[slot] = BEGINNING
        self._arm(slot[first])
        others = self._others(due[rises], before[rises], times, seen)
        return [
            piece("raised", slot[rises], due[rises], due[rises], before[rises], others),
            piece("stay", slot[again], at, since[again], quiet, self._others(at, quiet, times, seen)),
            piece("resolved", slot[over], before[over] + self._retain, since[over], before[over], "forgotten"),
            piece("resolved", slot[back], time[back], since[back], before[back], "back"),
        ]

    def _others(self, due: Longs, latest: Longs, times: Longs, seen: int) -> pl.Series:
        """Why these are raised: whether other keys had rows in the silence; `times` ascend, `seen` is before them."""
        at = np.searchsorted(times, due, side="left")
        last = np.append(times, seen)[at - 1]
        return pl.Series(["stream_silent", "key_silent"]).gather((last > latest).astype(np.int64))

    def _with_tardy(
        self, rows: pl.DataFrame | None, tardy: pl.DataFrame, mark: int, times: Longs, seen: int
    ) -> list[pl.DataFrame]:
        """As `_rows`; late rows tell how far each key had really come, and which is not silent after all."""
        self._seen = max(self._seen, int(times[-1]) if len(times) else BEGINNING)
        slots = _NO_SLOTS if rows is None else self._slots.find(rows)
        places = self._slots.places(tardy.select(*self._node.keys) if self._node.keys else tardy)
        known = places >= 0
        met, late = tardy[TardyRows.WHERE].to_numpy()[known], tardy[AT].to_numpy()[known]
        latest, raised, told = self._slots[_LATEST], self._slots[_RAISED], self._slots[_TOLD]
        events = of_known(heard(slots, times, places[known], late, met, mark), latest, self._retain)
        if not len(events):
            return []
        found = silences(events, latest, raised, self._due)
        slot, at, before, since, first = events.slot, events.at, found.before, found.since, events.first
        gone = (before > BEGINNING) & (at - before > self._retain)
        last = np.append(np.flatnonzero(first)[1:], len(events)) - 1
        # What is told again: from the first to the last event of each silence.
        begins = np.flatnonzero((found.episode == np.arange(len(events))) & (since > BEGINNING))
        final = np.searchsorted(found.episode, begins, side="right") - 1
        since_told = np.where(found.rises[begins], found.due[begins], told[slot[begins]])
        until = np.where(gone[final], before[final] + self._retain, at[final])
        one, again, told_last = self._repeats.between(since_told, until)
        event = met_by(events, found.episode, begins[one], again)
        told[slot[begins]] = told_last
        latest[slot[last]] = found.reached[last]
        raised[slot[last]] = np.where(found.stays[last], since[last], BEGINNING)
        self._arm(slot[last])
        ends, rises = (since > BEGINNING) & ~found.stays, found.rises
        over, back, tardily = ends & gone, ends & ~gone & ~events.late, ends & events.late
        due, others = found.due, self._others(found.due[rises], before[rises], times, seen)
        quiet = before[event]
        return [
            piece("raised", slot[rises], due[rises], due[rises], before[rises], others),
            piece("stay", slot[event], again, since[event], quiet, self._others(again, quiet, times, seen)),
            piece("resolved", slot[over], before[over] + self._retain, since[over], before[over], "forgotten"),
            piece("resolved", slot[back], at[back], since[back], before[back], "back"),
            piece("resolved", slot[tardily], at[tardily], since[tardily], found.reached[tardily], "late"),
        ]

    def _silences(self, woken: Longs, until: int, times: Longs, seen: int) -> list[pl.DataFrame]:
        """What is raised behind the last rows, and told again."""
        latest = self._slots[_LATEST][woken]
        due = self._due(latest)
        rises = (due <= until) & (self._slots[_RAISED][woken] == BEGINNING)
        slots, due, latest = woken[rises], due[rises], latest[rises]
        self._slots[_RAISED][slots] = self._slots[_TOLD][slots] = due
        raised = piece("raised", slots, due, due, latest, self._others(due, latest, times, seen))
        return [raised, self._stays(woken[self._slots[_RAISED][woken] > BEGINNING], until, times, seen)]

    def _stays(self, slots: Longs, until: int, times: Longs, seen: int) -> pl.DataFrame:
        """What is told again behind the last rows, until the key is forgotten."""
        latest = self._slots[_LATEST][slots]
        end = np.minimum(until, latest + self._retain) if self._retain < NEVER else np.full(len(slots), until)
        place, at, self._slots[_TOLD][slots] = self._repeats.between(self._slots[_TOLD][slots], end)
        others = self._others(at, latest[place], times, seen)
        return piece("stay", slots[place], at, self._slots[_RAISED][slots[place]], latest[place], others)

    def _arm(self, slots: Longs) -> None:
        """Wake these (distinct) keys when their silence is due, or once raised, when they are to be forgotten."""
        latest = self._slots[_LATEST][slots]
        end = latest + self._retain + 1 if self._retain < NEVER else np.full(len(slots), NEVER)
        waiting = self._slots[_RAISED][slots] == BEGINNING
        due = np.where(waiting, self._due(latest), self._repeats.known_by(self._slots[_TOLD][slots]))
        self._alarms.arm(slots, np.minimum(due, end))

    def _due(self, latest: Longs) -> Longs:
        """When silence since these rows has lasted long enough; NEVER where there was no row."""
        known = latest > BEGINNING
        due = self._course.add(np.where(known, latest, 0), np.full(len(latest), self._node.silence))
        found: Longs = np.where(known, due, NEVER)
        return found

    def _tidy(self, woken: Longs, until: int) -> pl.DataFrame:
        """Forget keys that have been silent for too long; what was raised of them is resolved."""
        gone = _NO_SLOTS
        if self._retain < NEVER:
            gone = woken[self._slots[_LATEST][woken] + self._retain < until]
        latest, since = self._slots[_LATEST][gone], self._slots[_RAISED][gone]
        open_ = since > BEGINNING
        ended = piece("resolved", gone[open_], latest[open_] + self._retain, since[open_], latest[open_], "forgotten")
        ended = self._said.keyed(ended)
        self._slots.reset(gone, _BLANK)
        self._slots.free(gone)
        self._arm(np.setdiff1d(woken, gone, assume_unique=True))
        return ended
