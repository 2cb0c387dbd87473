"""One event: matches once, and is gone."""

from __future__ import annotations

from typing import Any

from slac.runtime.patterns.bindings import Event
from slac.runtime.patterns.instance import Codec, Instance


class AtomInstance(Instance):
    """Waits for the first event that fits."""

    __slots__ = ()

    def start(self) -> None:
        """Nothing to do but to wait."""

    def event(self, event: Event) -> None:
        """Match, if the event fits."""
        atom = self.step.pattern
        row = event.row(atom.index)
        if self.machine.meaning.fits(atom, row, self.bindings):
            self._match(self.bindings.bound(atom.name, row, self.machine.now), final=True)

    def stop(self) -> None:
        """Be gone."""
        self.alive = False

    def load(self, saved: Any, codec: Codec) -> None:
        """There is nothing to take over."""

    def _save(self, codec: Codec) -> Any:
        return None
