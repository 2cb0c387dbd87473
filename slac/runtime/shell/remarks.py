"""What should be heard about the inputs of a runtime while it runs, although it stops nothing.

Nobody expects it who plans a machine, or trusts a clock.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from slac.runtime.source import Source

CALM: Final = 40
"""So many looks without anybody who waited end what is told once."""

log = logging.getLogger("slac.runtime")


class Remarks:
    """Looks at the inputs from time to time and says each thing once."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._ahead: set[str] = set()
        self._unheard: dict[str, int] = {}
        self._is_unheard: dict[str, bool] = {}
        self._pressed: dict[str, int] = {}
        self._calm: dict[str, int] = {}

    def look(self) -> None:
        """Log what is new: more keys than declared, events from the future, publishers unheard, senders that wait."""
        for name, source in self._sources.items():
            before = self._unheard.get(name, 0)
            self._unheard[name] = source.unheard
            if source.unheard > before and not self._is_unheard.get(name, False):
                log.warning(
                    "input %s cannot be read as fast as its publisher sends: what the publisher drops meanwhile is in "
                    "no count (one that pushes would wait)",
                    name,
                )
            self._is_unheard[name] = source.unheard > before
            self._press(name, source.pressed)
        for name, source in self._sources.items():
            for surplus in source.keys.news():
                log.warning(
                    "input %s has about %d distinct values of (%s), and its rate declares %d: memory and capacity were "
                    "planned for those",
                    name,
                    surplus.seen,
                    surplus.columns,
                    surplus.declared,
                )
            if source.ahead and name not in self._ahead:
                self._ahead.add(name)
                log.warning(
                    "input %s holds events dated more than an hour ahead of this machine's clock; they carry event "
                    "time with them, and what follows them is late",
                    name,
                )

    def _press(self, name: str, pressed: int) -> None:
        """Say it when senders are made to wait, who have not been for a while."""
        before, calm = self._pressed.get(name, 0), self._calm.get(name, CALM)
        self._pressed[name] = pressed
        self._calm[name] = 0 if pressed > before else calm + 1
        if pressed > before and calm >= CALM:
            log.warning(
                "input %s cannot be worked on as fast as its senders push: they wait, and what they give up meanwhile "
                "is in no count",
                name,
            )
