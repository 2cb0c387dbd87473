"""When something is due for a key: a queue of (instant, slot), in a few sorted runs that are merged geometrically.

A slot's instant mostly moves on with every row. So the queue holds at most one valid entry a slot, which may be too
early, never too late: whoever takes it looks at the slot and arms it again.
"""

from __future__ import annotations

import numpy as np

from slac.runtime.audits.slots import NEVER, Longs, Slots

ALARM = "alarm"
"""The column of `Slots` that holds the instant of a slot's valid entry (blank value: NEVER)."""


class Alarms:
    """Due instants (µs) of the slots of one directory."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._runs: list[tuple[Longs, Longs]] = []

    def arm(self, slots: Longs, instants: Longs) -> None:
        """Wake these (distinct) slots at these instants at the latest; NEVER arms nothing."""
        queued = self._slots[ALARM]
        sooner = instants < queued[slots]
        if not sooner.any():
            return
        slots, instants = slots[sooner], instants[sooner]
        queued[slots] = instants
        order = np.argsort(instants, kind="stable")
        self._runs.append((instants[order], slots[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            self._merge()

    def take(self, until: int) -> Longs:
        """The slots that are due at or before `until`, ascending; their entries are gone."""
        due: list[Longs] = []
        rest: list[tuple[Longs, Longs]] = []
        for times, slots in self._runs:
            cut = int(np.searchsorted(times, until, side="right"))
            valid = self._slots[ALARM][slots[:cut]] == times[:cut]
            due.append(slots[:cut][valid])
            if cut < len(times):
                rest.append((times[cut:], slots[cut:]))
        self._runs = rest
        found: Longs = np.unique(np.concatenate(due)) if due else np.empty(0, np.int64)
        self._slots[ALARM][found] = NEVER
        return found

    def lowest(self) -> int | None:
        """The earliest instant at which a slot may be due."""
        return min((int(times[0]) for times, _ in self._runs), default=None)

    def rearm(self) -> None:
        """Build the queue anew from the column: after a restore the column is there, and the queue is not."""
        self.again(self._slots.used())

    def again(self, slots: Longs) -> None:
        """Queue anew what the column says of these slots, which came from elsewhere."""
        instants = self._slots[ALARM][slots].copy()
        self._slots[ALARM][slots] = NEVER
        self.arm(slots, instants)

    def _merge(self) -> None:
        """The last two runs become one, without entries that are no longer valid."""
        (t1, s1), (t2, s2) = self._runs[-2:]
        times, slots = np.concatenate([t1, t2]), np.concatenate([s1, s2])
        valid = self._slots[ALARM][slots] == times
        times, slots = times[valid], slots[valid]
        order = np.argsort(times, kind="stable")
        self._runs[-2:] = [(times[order], slots[order])] if len(order) else []
