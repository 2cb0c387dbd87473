"""Keys that flap: the instants of each one's last changes, and whether there were too many in too short a time."""

from __future__ import annotations

import numpy as np

from slac.plan.guards import Flapping
from slac.runtime.audits.clocks import CALMS
from slac.runtime.audits.course import Course
from slac.runtime.audits.slots import NEVER, Longs, Mask, Slots
from slac.runtime.operator import BEGINNING

_PLACE = "flap_place"
"""Column by slot: where in the ring the next change goes."""


class Flaps:
    """The last changes of every slot, as a ring of columns."""

    def __init__(self, flapping: Flapping, slots: Slots, course: Course) -> None:
        self._flapping = flapping
        self._slots = slots
        self._course = course
        self._ring = [f"flap{i}" for i in range(flapping.changes)]
        self.columns = {_PLACE: 0, **dict.fromkeys(self._ring, BEGINNING)}
        """The columns that this needs, with the values of a new key."""

    def changed(self, slots: Longs, times: Longs) -> Mask:
        """One change each of some distinct slots; which of them were flapping before it."""
        calms, place = self._slots[CALMS], self._slots[_PLACE][slots]
        before = calms[slots] < NEVER
        for number, name in enumerate(self._ring):
            here = place == number
            self._slots[name][slots[here]] = times[here]
        place = (place + 1) % len(self._ring)
        self._slots[_PLACE][slots] = place
        ring = np.array([self._slots[name][slots] for name in self._ring])
        oldest = ring[place, np.arange(len(slots))]
        flaps = before | ((oldest > BEGINNING) & (times - oldest < self._flapping.within))
        within = np.full(len(slots), self._flapping.within, np.int64)
        calms[slots] = np.where(flaps, self._course.add(times, within), NEVER)
        found: Mask = before
        return found
