"""Timers: `timer:interval`, `timer:at` and `timer:schedule`."""

from __future__ import annotations

from typing import Any

from slac.runtime.patterns.bindings import Bindings, Event
from slac.runtime.patterns.calendar import after, grid_after, next_at
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent
from slac.runtime.patterns.machine import OBSERVER, Machine


class _Timer(Instance):
    """Waits for one instant."""

    __slots__ = ("_began", "_due", "_seq")

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._began = machine.now
        self._due = 0
        self._seq = 0

    def event(self, event: Event) -> None:
        """No event matters."""

    def stop(self) -> None:
        """Be gone."""
        self.alive = False

    def due(self) -> None:
        """The instant has come."""
        self._match(self.bindings.since(self._began), final=True)

    def load(self, saved: Any, codec: Codec) -> None:
        """The instant."""
        self._began, self._due, self._seq = saved
        self.machine.at(self._due, OBSERVER, self, self._seq)

    def _wait(self, due: int | None) -> None:
        if due is None:
            self._fail()
            return
        self._due = due
        self._seq = self.machine.at(due, OBSERVER, self)

    def _save(self, codec: Codec) -> Any:
        return [self._began, self._due, self._seq]


class IntervalInstance(_Timer):
    """A length of time from the start; none at all matches at once."""

    __slots__ = ()

    def start(self) -> None:
        """Wait, or match at once."""
        due = after(self.machine.now, self.step.pattern.length, self.machine.meaning, self.bindings)
        if due is not None and due <= self.machine.now:
            self.due()
        else:
            self._wait(due)


class AtInstance(_Timer):
    """The next instant of a calendar, strictly after the start."""

    __slots__ = ()

    def start(self) -> None:
        """Wait for it; false where there is none."""
        self._wait(next_at(self.step.pattern, self.machine.now))


class ScheduleInstance(_Timer):
    """The first instant of a schedule that is still to come."""

    __slots__ = ()

    def start(self) -> None:
        """Wait for it; false where there is none."""
        self._wait(grid_after(self.step.pattern, self._began, self.machine.now))


class EveryScheduleInstance(ScheduleInstance):
    """All instants of a schedule: `every` keeps the grid, whatever the clock does."""

    __slots__ = ()

    def due(self) -> None:
        """Report, and wait for the next instant."""
        following = grid_after(self.step.pattern, self._began, self.machine.now)
        bindings = self.bindings.since(self._began)
        if following is None:
            self._match(bindings, final=True)
            return
        self._wait(following)
        self._match(bindings, final=False)
