"""The columnar machine: the state of every key of an audit, moved by rows and by its own clocks.

Theory of operation. A pass handles everything before the watermark: rows in rounds (the k-th row of every key that can
make a difference), each round first publishing what falls due before its rows; then, for the keys whose alarm has rung,
what falls due behind their last row. So for every key things happen in the order of time, rows before timers where
times are equal, and nothing depends on where a pass ends. A key lives until `retain` behind its last row, to the
microsecond: what falls due later is not said, and a row that comes later finds a new key.
"""

from __future__ import annotations

import numpy as np

from slac.plan.machine import UNDETERMINED, TransitionTable
from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.publications import CHANGE, FORGOTTEN, INITIAL, STAY, Publications
from slac.runtime.audits.rounds import rounds
from slac.runtime.audits.slots import NEVER, Longs, Slots
from slac.runtime.operator import BEGINNING

STATE, SINCE, SAID, DUE, LAST = "state", "since", "said", "due", "last"
"""Columns by slot: state index, when it was entered, last publication, next stay, last row (µs)."""
MACHINE = (STATE, SINCE, SAID, DUE, LAST)


def machine_columns(table: TransitionTable) -> dict[str, int]:
    """What `Slots` must hold for a machine, with the values of a new key."""
    start = table.states.index(table.start)
    return {STATE: start, SINCE: BEGINNING, SAID: BEGINNING, DUE: NEVER, LAST: BEGINNING, ALARM: NEVER}


class MachineEngine:
    """Steps the machine of a table for the keys of a slot directory."""

    def __init__(self, table: TransitionTable, slots: Slots, retain: int) -> None:
        self._slots = slots
        self._retain = retain
        self._matrix = np.array(table.matrix(), np.int64)
        self._every = np.array([NEVER if e is None else e for e in table.report_every], np.int64)
        self._speaks = np.array([s != UNDETERMINED for s in table.states])
        # A condition that may lead on when it is met again makes every row count.
        again = np.take_along_axis(self._matrix, self._matrix, axis=0)
        self._repeats = not bool((again == self._matrix).all())
        self.alarms = Alarms(slots)

    def rows(self, slots: Longs, times: Longs, conditions: Longs, said: Publications) -> None:
        """Rows in the total order: slot, time (µs) and condition (its place in the table) of each."""
        last = self._slots[LAST]
        for row, before in rounds(slots, conditions, times, last, retain=self._retain, repeats=self._repeats):
            self._round(slots[row], times[row], conditions[row], before, said)
        np.maximum.at(last, slots, times)
        self.arm(np.unique(slots))

    def clocks(self, until: int, said: Publications) -> Longs:
        """What falls due at or before `until` behind the last rows; returns the slots that were woken."""
        woken = self.alarms.take(until)
        with_rows = woken[self._slots[LAST][woken] > BEGINNING]
        end = self._slots[LAST][with_rows] + self._retain
        self._stays(with_rows, np.minimum(end, until), said)
        gone = end <= until
        self._forget(with_rows[gone], end[gone], said)
        return woken

    def arm(self, slots: Longs) -> None:
        """Set the alarms of these (distinct) slots: the next stay, or the end of the key."""
        last = self._slots[LAST][slots]
        end = np.where(last > BEGINNING, last + self._retain, NEVER)
        self.alarms.arm(slots, np.minimum(self._slots[DUE][slots], end))

    def _round(self, slots: Longs, times: Longs, conditions: Longs, before: Longs, said: Publications) -> None:
        """One row of each of some distinct slots."""
        gone = (before > BEGINNING) & (times - before > self._retain)
        self._stays(slots, np.where(gone, before + self._retain, times - 1), said)
        self._forget(slots[gone], before[gone] + self._retain, said)
        state, published = self._slots[STATE], self._slots[SAID]
        old = state[slots]
        new = self._matrix[old, conditions]
        first = published[slots] == BEGINNING
        speaks = np.where(first, self._speaks[new], new != old)
        state[slots] = new
        slots, times, old, new, first = (a[speaks] for a in (slots, times, old, new, first))
        self._slots[SINCE][slots] = times
        said.add(
            slots,
            time=times,
            kind=np.where(first, INITIAL, CHANGE),
            state=new,
            previous=np.where(first, -1, old),
            since=times,
            start=published[slots],
        )
        published[slots] = times
        every = self._every[new]
        self._slots[DUE][slots] = np.where(every < NEVER, times + every, NEVER)

    def _stays(self, slots: Longs, until: Longs, said: Publications) -> None:
        """The stays of some distinct slots that fall due at or before `until`, one each."""
        due = self._slots[DUE]
        late = due[slots] <= until
        slots, until = slots[late], until[late]
        if not len(slots):
            return
        first, state = due[slots], self._slots[STATE][slots]
        every = self._every[state]
        count = (until - first) // every + 1
        which = np.repeat(np.arange(len(slots)), count)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        times = first[which] + nth * every[which]
        published = self._slots[SAID]
        said.add(
            slots[which],
            time=times,
            kind=STAY,
            state=state[which],
            previous=state[which],
            since=self._slots[SINCE][slots][which],
            start=np.where(nth == 0, published[slots][which], times - every[which]),
        )
        published[slots] = first + (count - 1) * every
        due[slots] = first + count * every

    def _forget(self, slots: Longs, instants: Longs, said: Publications) -> None:
        if not len(slots):
            return
        said.add(slots, time=instants, kind=FORGOTTEN, state=0, previous=-1, since=BEGINNING, start=BEGINNING)
        self._slots.reset(slots, MACHINE)
