"""Guards: `where timer:within(d)`, `where timer:withinmax(d, n)` and `while (condition)`."""

from __future__ import annotations

from typing import Any

from slac.language.patterns.tree import Text
from slac.runtime.patterns.bindings import Bindings, Event
from slac.runtime.patterns.calendar import after
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent, offer
from slac.runtime.patterns.machine import GUARD, Machine


class _Guard(Instance):
    """One child, and a say in its matches."""

    __slots__ = ("_child",)

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._child: Instance | None = None

    def start(self) -> None:
        """The child."""
        self._child = self._make(0, self.bindings)
        self._child.start()

    def event(self, event: Event) -> None:
        """To the child."""
        offer(self._child, event)

    def stop(self) -> None:
        """Be gone with the child."""
        self.alive = False
        if self._child is not None:
            self._child.stop()

    def failed(self, child: Instance) -> None:
        """Without the child there is no match any more."""
        self._fail()


class WithinInstance(_Guard):
    """A window [start, start + d), and perhaps a most number of matches."""

    __slots__ = ("_at_most", "_count", "_due", "_seq")

    def start(self) -> None:
        """The window begins; one without length is over."""
        pattern, meaning = self.step.pattern, self.machine.meaning
        due = after(self.machine.now, pattern.length, meaning, self.bindings)
        at_most = pattern.at_most
        self._at_most = meaning.value(at_most, self.bindings) if isinstance(at_most, Text) else at_most
        self._count = 0
        if due is None or due <= self.machine.now:
            self._fail()
            return
        self._due = due
        self._seq = self.machine.at(due, GUARD, self)
        super().start()

    def due(self) -> None:
        """The window has ended."""
        self._fail()

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Pass it on; the last that is allowed ends the guard."""
        self._count += 1
        if self._at_most is not None and self._count > self._at_most:
            self._fail()
            return
        self._match(bindings, final=final or self._count == self._at_most)

    def load(self, saved: Any, codec: Codec) -> None:
        """The child and the window."""
        child, self._due, seq, self._count, self._at_most = saved
        self._child = self._loaded(0, child, codec)
        self._seq = self.machine.at(self._due, GUARD, self, seq)

    def _save(self, codec: Codec) -> Any:
        return [self._saved(self._child, codec), self._due, self._seq, self._count, self._at_most]


class WhileInstance(_Guard):
    """False for good at the first match for which the condition is not true."""

    __slots__ = ()

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Pass it on, if the condition is true."""
        if self.machine.meaning.value(self.step.pattern.condition, bindings) is True:
            self._match(bindings, final=final)
        else:
            self._fail()

    def load(self, saved: Any, codec: Codec) -> None:
        """The child."""
        self._child = self._loaded(0, saved, codec)

    def _save(self, codec: Codec) -> Any:
        return self._saved(self._child, codec)
