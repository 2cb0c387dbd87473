"""What happens to a key by itself: time moves it on, and reports fall due.

Theory of operation. For every slot there are a few due instants. They are worked off for many slots at once: the
earliest of each slot, then the next earliest, until none is left up to the slot's limit. Of those of one instant the
move of the state comes first, then calm, then the times of the clock, then the stay.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from slac.plan.machine import AFTER, TransitionTable
from slac.runtime.audits.course import Course
from slac.runtime.audits.publications import CALM, SCHEDULED, STAY
from slac.runtime.audits.slots import NEVER, Longs, Slots
from slac.runtime.audits.timetable import Timetable

STATE = "state"
"""Column by slot: the index of its state."""
DUE, STAYS, MOVE, CLOCK, CALMS = "due", "stays", "move", "clock", "calms"
"""Columns by slot: next stay (µs), stays since the state was entered, and when (µs) time moves the state on, the clock
strikes, and a flapping key is calm."""


class Told(Protocol):
    """Whom the clocks tell: each time of some distinct slots, and an instant for each."""

    def moved(self, slots: Longs, times: Longs, states: Longs) -> None:
        """Time has brought the slots into these states."""

    def published(self, slots: Longs, times: Longs, kind: int) -> None:
        """A report of a kind falls due."""


class Clocks:
    """The due instants of the keys of a slot directory."""

    def __init__(self, table: TransitionTable, slots: Slots, course: Course, *, flapping: bool) -> None:
        self._slots = slots
        self._course = course
        width = max((1, *(len(i) for i in table.intervals)))
        ladder = [[*i, *[i[-1] if i else NEVER] * (width - len(i))] for i in table.intervals]
        self._intervals: Longs = np.array(ladder, np.int64)
        self._move = np.array([a.time if a else NEVER for a in table.after], np.int64)
        self._target = np.array([table.states.index(table.moves.get((s, AFTER), s)) for s in table.states], np.int64)
        self._timetables = [Timetable(s) for s in table.schedules]
        used = {DUE: True, STAYS: width > 1, MOVE: any(table.after), CLOCK: any(table.schedules), CALMS: flapping}
        self.columns = {n: 0 if n == STAYS else NEVER for n, is_used in used.items() if is_used}
        """The columns that these clocks need, with the values of a new key."""
        self._instants = [n for n in (MOVE, CALMS, CLOCK, DUE) if n in self.columns]
        self.plain = course.even and set(self.columns) == {DUE}
        """Whether stays are all there is, and come at even intervals."""

    def next(self, slots: Longs) -> Longs:
        """The earliest due instant of each slot."""
        found: Longs = np.min([self._slots[n][slots] for n in self._instants], axis=0)
        return found

    def interval(self, slots: Longs) -> Longs:
        """How long after its last report each slot is next reported; NEVER where it is not."""
        state = self._slots[STATE][slots]
        if STAYS not in self.columns:
            first: Longs = self._intervals[state, 0]
            return first
        nth = np.minimum(self._slots[STAYS][slots], self._intervals.shape[1] - 1)
        found: Longs = self._intervals[state, nth]
        return found

    def entered(self, slots: Longs, times: Longs) -> None:
        """The slots have come into their states."""
        state = self._slots[STATE][slots]
        if STAYS in self.columns:
            self._slots[STAYS][slots] = 0
        if MOVE in self.columns:
            self._slots[MOVE][slots] = self._course.add(times, self._move[state])
        if CLOCK in self.columns:
            self._strike_next(slots, times)

    def reported(self, slots: Longs, times: Longs) -> None:
        """The slots have been reported: the interval to the next stay begins."""
        self._slots[DUE][slots] = self._course.add(times, self.interval(slots))

    def run(self, slots: Longs, until: Longs, told: Told) -> None:
        """Work off what is due of some distinct slots up to and including these instants."""
        while len(slots):
            due = self.next(slots)
            hit = due <= until
            slots, until, due = slots[hit], until[hit], due[hit]
            rest = np.ones(len(slots), np.bool_)
            for name in self._instants:
                now = rest & (self._slots[name][slots] == due)
                rest &= ~now
                if now.any():
                    self._work(name, slots[now], due[now], told)

    def _work(self, name: str, slots: Longs, times: Longs, told: Told) -> None:
        if name != CLOCK:
            self._slots[name][slots] = NEVER
        if name == MOVE:
            told.moved(slots, times, self._target[self._slots[STATE][slots]])
        elif name == CLOCK:
            self._strike_next(slots, times + 1)
            opened = self._course.open(times)
            told.published(slots[opened], times[opened], SCHEDULED)
        elif name == CALMS:
            told.published(slots, times, CALM)
        else:
            if STAYS in self.columns:
                self._slots[STAYS][slots] += 1
            told.published(slots, times, STAY)

    def _strike_next(self, slots: Longs, times: Longs) -> None:
        state = self._slots[STATE][slots]
        for number in np.unique(state):
            chosen = state == number
            self._slots[CLOCK][slots[chosen]] = self._timetables[number].from_(times[chosen])
