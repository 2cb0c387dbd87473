"""The columnar machine: the state of every key of an audit, moved by rows and by its own clocks.

Theory of operation. A pass handles everything before the watermark: rows in rounds (the k-th row of every key that can
make a difference), each round first working off what falls due before its rows; then, for the keys whose alarm has
rung, what falls due behind their last row. So for every key things happen in the order of time, rows before clocks
where times are equal, and nothing depends on where a pass ends. A key lives until `retain` behind its last row, to the
microsecond; if it has published, that is told. What falls due later is not said, and a row that comes later finds a
new key.
"""

from __future__ import annotations

import numpy as np

from slac.plan.guards import Flapping
from slac.plan.machine import AFTER, UNDECIDED, UNDETERMINED, TransitionTable
from slac.runtime.audits import settling
from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.clocks import CALMS, DUE, STATE, Clocks
from slac.runtime.audits.course import Course
from slac.runtime.audits.flaps import Flaps
from slac.runtime.audits.inhibition import QUIET
from slac.runtime.audits.publications import (
    CHANGE,
    ENDED,
    FORGOTTEN,
    INITIAL,
    RELEASED,
    SCHEDULED,
    STAY,
    Publications,
)
from slac.runtime.audits.rounds import rounds
from slac.runtime.audits.settling import Settling
from slac.runtime.audits.slots import NEVER, Longs, Mask, Slots
from slac.runtime.operator import BEGINNING

SINCE, SAID, LAST, TOLD, CHANGES, HELD = "since", "said", "last", "told", "changes", "held"
"""Columns by slot: when the state was entered, last publication, last row (µs); where changes may be held back also the
state that was published last, how many changes there were since, and what another audit has silenced."""
DOUBT = "doubt"
"""Column by slot: 1 where the last row left open which state its key is in."""
ORIGIN = "origin"
"""Column by slot, where publications say what made them: the number of the row that is worked off, from 1 on."""
_NOTHING, _STAY, _NEWS = range(3)
"""What may be held back: a stay that was due, or more than that."""


class MachineEngine:
    """Steps the machine of a table for the keys of a slot directory, to which it adds its columns."""

    def __init__(
        self,
        table: TransitionTable,
        slots: Slots,
        retain: int,
        course: Course,
        *,
        flapping: Flapping | None = None,
        inhibited: bool = False,
        traced: bool = False,
    ) -> None:
        self._slots = slots
        self._retain = retain
        self._inhibited = inhibited
        self._traced = traced
        self._holds_back = inhibited or flapping is not None
        self._course = course
        self._matrix = np.array(table.matrix(), np.int64)
        self._undecided = table.conditions.index(UNDECIDED)
        self._speaks = np.array([s != UNDETERMINED for s in table.states])
        # A condition that may lead on when it is met again makes every row count.
        guarded = any(s is not None for s in table.settle)
        self._repeats = guarded or not _is_settled(self._matrix, table)
        self._clocks = Clocks(table, slots, course, flapping=flapping is not None)
        self._flaps = None if flapping is None else Flaps(flapping, slots, course)
        self._settling = Settling(table, slots, course) if guarded else None
        self._own = self._columns(table.states.index(table.start))
        slots.add({**self._own, ALARM: NEVER})
        self._said = Publications()
        self.alarms = Alarms(slots)

    def _columns(self, start: int) -> dict[str, int]:
        """What `Slots` must hold, with the values of a new key."""
        columns = {STATE: start, SINCE: BEGINNING, SAID: BEGINNING, LAST: BEGINNING, DOUBT: 0, **self._clocks.columns}
        columns |= {} if self._settling is None else settling.BLANK
        columns |= {} if self._flaps is None else self._flaps.columns
        columns |= {HELD: _NOTHING} if self._inhibited else {}
        columns |= {ORIGIN: 0} if self._traced else {}
        return {**columns, TOLD: -1, CHANGES: 0} if self._holds_back else columns

    def take(self) -> Publications:
        """What was published since the last call."""
        said, self._said = self._said, Publications()
        return said

    def rows(self, slots: Longs, times: Longs, conditions: Longs) -> None:
        """Rows in the total order: slot, time (µs) and condition (its place in the table) of each."""
        last = self._slots[LAST]
        for row, before in rounds(slots, conditions, times, last, retain=self._retain, repeats=self._repeats):
            self._round(slots[row], times[row], conditions[row], before, row)
        np.maximum.at(last, slots, times)
        self.arm(np.unique(slots))

    def clocks(self, until: int) -> Longs:
        """What falls due at or before `until` behind the last rows; returns the slots that were woken."""
        woken = self.alarms.take(until)
        with_rows = woken[self._slots[LAST][woken] > BEGINNING]
        end = self._slots[LAST][with_rows] + self._retain
        self._run(with_rows, np.minimum(end, until))
        gone = end <= until
        self._forget(with_rows[gone], end[gone])
        return woken

    def arm(self, slots: Longs) -> None:
        """Set the alarms of these (distinct) slots: what falls due next, or the end of the key."""
        last = self._slots[LAST][slots]
        end = np.where(last > BEGINNING, last + self._retain, NEVER)
        self.alarms.arm(slots, np.minimum(self._clocks.next(slots), end))

    def moved(self, slots: Longs, times: Longs, states: Longs) -> None:
        """Distinct slots come into these states, each at its instant, or stay where they are."""
        state, since = self._slots[STATE], self._slots[SINCE]
        old, first = state[slots], since[slots] == BEGINNING
        state[slots] = states
        speaks = np.where(first, self._speaks[states], states != old)
        slots, times, old = (a[speaks] for a in (slots, times, old))
        first = first[speaks]
        since[slots] = times
        self._clocks.entered(slots, times)
        loud = self._loud(slots, times, first) if self._holds_back else np.ones(len(slots), np.bool_)
        self._publish(slots[loud], times[loud], np.where(first, INITIAL, CHANGE)[loud], np.where(first, -1, old)[loud])

    def published(self, slots: Longs, times: Longs, kind: int) -> None:
        """A report of distinct slots falls due, each at its instant, whose state is no news."""
        if self._inhibited and kind != SCHEDULED:
            quiet = self._slots[QUIET][slots] == 1
            held = slots[quiet]
            self._slots[HELD][held] = np.maximum(self._slots[HELD][held], _STAY if kind == STAY else _NEWS)
            slots, times = slots[~quiet], times[~quiet]
        self._publish(slots, times, np.full(len(slots), kind), self._slots[STATE][slots])

    def released(self, slots: Longs, at: int) -> None:
        """Distinct slots are silenced no more: what was held back is told at this instant, as one report each."""
        held = self._slots[HELD][slots]
        for kind, what in ((RELEASED, _NEWS), (STAY, _STAY)):
            chosen = slots[held == what]
            if len(chosen):
                self.published(chosen, np.full(len(chosen), at), kind)
        self.arm(slots)

    def _round(self, slots: Longs, times: Longs, conditions: Longs, before: Longs, row: Longs) -> None:
        """One row of each of some distinct slots; `row` are their numbers."""
        gone = (before > BEGINNING) & (times - before > self._retain)
        self._run(slots, np.where(gone, before + self._retain, times - 1))
        self._forget(slots[gone], before[gone] + self._retain)
        old = self._slots[STATE][slots]
        self._slots[DOUBT][slots] = conditions == self._undecided
        new = self._matrix[old, conditions]
        if self._settling is not None:
            new = self._settling.moves(slots, times, conditions, old, new)
        if self._traced:
            self._slots[ORIGIN][slots] = row + 1
        self.moved(slots, times, new)
        if self._traced:
            self._slots[ORIGIN][slots] = 0

    def _loud(self, slots: Longs, times: Longs, first: Mask) -> Mask:
        """Count changes; which of these entries are published: the key did not flap before, and is not silenced."""
        changed = ~first
        self._slots[CHANGES][slots[changed]] += 1
        loud = np.ones(len(slots), np.bool_)
        if self._flaps is not None:
            loud[changed] = ~self._flaps.changed(slots[changed], times[changed])
        if self._inhibited:
            quiet = self._slots[QUIET][slots] == 1
            self._slots[HELD][slots[quiet]] = _NEWS
            loud &= ~quiet
        # The next stay is that of the new state, counted from the last report.
        held, now = slots[~loud], times[~loud]
        told = self._slots[SAID][held]
        self._clocks.reported(held, np.where(told == BEGINNING, now, told))
        due = np.maximum(self._slots[DUE][held], now)
        self._slots[DUE][held] = np.where(told == BEGINNING, NEVER, due)
        return loud

    def _publish(self, slots: Longs, times: Longs, kind: Longs, previous: Longs) -> None:
        published, state = self._slots[SAID], self._slots[STATE][slots]
        counts: dict[str, Longs | Mask] = {}
        if self._holds_back:
            told, changes = self._slots[TOLD], self._slots[CHANGES]
            previous = told[slots]
            kind = np.where(published[slots] == BEGINNING, INITIAL, kind)
            counts["changes"] = changes[slots]
            told[slots], changes[slots] = state, 0
        if self._flaps is not None:
            counts["flapping"] = self._slots[CALMS][slots] < NEVER
        if self._inhibited:
            self._slots[HELD][slots] = _NOTHING
        if self._traced:
            counts["row"] = self._slots[ORIGIN][slots]
        self._said.add(
            slots,
            time=times,
            kind=kind,
            state=state,
            previous=previous,
            since=self._slots[SINCE][slots],
            start=published[slots],
            doubt=self._slots[DOUBT][slots],
            **counts,
        )
        published[slots] = times
        self._clocks.reported(slots, times)

    def _run(self, slots: Longs, until: Longs) -> None:
        if self._clocks.plain and not self._inhibited:
            self._stays(slots, until)
        else:
            self._clocks.run(slots, until, self)

    def _stays(self, slots: Longs, until: Longs) -> None:
        """The stays of some distinct slots that fall due at or before `until`, all of them at once."""
        due = self._slots[DUE]
        late = due[slots] <= until
        slots, until = slots[late], until[late]
        if not len(slots):
            return
        first, state, every = due[slots], self._slots[STATE][slots], self._clocks.interval(slots)
        count = (until - first) // every + 1
        which = np.repeat(np.arange(len(slots)), count)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        times = first[which] + nth * every[which]
        published = self._slots[SAID]
        self._said.add(
            slots[which],
            time=times,
            kind=STAY,
            state=state[which],
            previous=state[which],
            since=self._slots[SINCE][slots][which],
            start=np.where(nth == 0, published[slots][which], times - every[which]),
            doubt=self._slots[DOUBT][slots][which],
        )
        published[slots] = first + (count - 1) * every
        due[slots] = first + count * every

    def _forget(self, slots: Longs, instants: Longs) -> None:
        if not len(slots):
            return
        told = self._slots[SAID][slots] > BEGINNING
        silent, ended = slots[~told], instants[~told]
        self._said.add(silent, time=ended, kind=ENDED, state=0, previous=-1, since=BEGINNING, start=BEGINNING)
        slots_told = slots[told]
        self._publish(slots_told, instants[told], np.full(len(slots_told), FORGOTTEN), self._slots[STATE][slots_told])
        self._slots.reset(slots, self._own)


def _is_settled(matrix: Longs, table: TransitionTable) -> bool:
    """Whether a condition that is met again leads nowhere, nor does it once time has moved the state on."""
    places = {name: i for i, name in enumerate(table.states)}
    later = np.array([places[table.moves.get((s, AFTER), s)] for s in table.states])
    reached = np.array([matrix, later[matrix], later[later[matrix]]])
    again = np.array([np.take_along_axis(matrix, r, axis=0) for r in reached])
    return bool((again == reached).all())
