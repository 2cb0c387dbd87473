"""Conditions that must be met for a while: the state that a key is on its way to, and since when."""

from __future__ import annotations

from typing import Final

import numpy as np

from slac.plan.machine import NO_DATA, UNDECIDED, TransitionTable
from slac.runtime.audits.course import Course
from slac.runtime.audits.slots import Longs, Slots
from slac.runtime.operator import BEGINNING

WANTED, ROWS, FIRST = "wanted", "rows", "first"
"""Columns by slot: the state that is wanted and not entered (−1: none), rows in a row that want it, the first (µs)."""
BLANK: Final = {WANTED: -1, ROWS: 0, FIRST: BEGINNING}


class Settling:
    """The guards of a table on the moves of its rows."""

    def __init__(self, table: TransitionTable, slots: Slots, course: Course) -> None:
        self._slots = slots
        self._course = course
        self._guarded = np.array([s is not None for s in table.settle])
        self._rows = np.array([s.rows if s else 1 for s in table.settle], np.int64)
        self._time = np.array([s.time if s else 0 for s in table.settle], np.int64)
        self._unknown = [table.conditions.index(one) for one in (NO_DATA, UNDECIDED)]

    def moves(self, slots: Longs, times: Longs, conditions: Longs, old: Longs, new: Longs) -> Longs:
        """Where one row of each of some distinct slots really leads: `old` where the guard of `new` does not let it."""
        data = ~np.isin(conditions, self._unknown)
        waits = data & (new != old) & self._guarded[new]
        self._slots[WANTED][slots[data & ~waits]] = -1
        if not waits.any():
            return new
        slots, times, target = slots[waits], times[waits], new[waits]
        again = self._slots[WANTED][slots] == target
        rows = np.where(again, self._slots[ROWS][slots] + 1, 1)
        first = np.where(again, self._slots[FIRST][slots], times)
        enters = (rows >= self._rows[target]) & (self._course.elapsed(first, times) >= self._time[target])
        self._slots[WANTED][slots] = np.where(enters, -1, target)
        self._slots[ROWS][slots], self._slots[FIRST][slots] = rows, first
        found = new.copy()
        found[waits] = np.where(enters, target, old[waits])
        return found
