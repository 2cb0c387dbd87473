"""Nothing more is taken in above the hard memory limit, but not for ever: an allocator may give nothing back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CALM: Final = 1.0
"""Seconds without growth after which memory is taken for what it is; twice as long each time that it grows again …"""
LONGEST: Final = 32.0
"""… up to so many."""
STUBBORN: Final = 4.0
"""So many times as long is waited where what is queued does not become less either."""
GROWTH: Final = 0.02
"""Part of the budget by which memory grows again before it holds once more; what is queued may be as much."""
STILL: Final = 0.005
"""Part of the budget by which a reading may scatter and count for no growth."""


@dataclass(slots=True)
class MemoryHold:
    """Whether nothing more is taken in; `holds` says so.

    It begins at the hard limit, and ends when memory has fallen a little below it. Where memory does not fall, it ends
    as soon as it has stopped growing and what is queued, which would be added to it, is worked off: what is taken then
    goes where that was. From there on growth begins it anew.
    """

    holds: bool = False
    _highest: float = 0.0
    _calm: float = 0.0
    _wait: float = CALM
    _accepted: float | None = None

    def step(self, used: int, queued: int, budget: int, hard: float, release: float, seconds: float) -> bool:
        """Look at `used` bytes resident and `queued` bytes before the gates, `seconds` after the last look.

        `hard` and `release`: bytes at which it begins, and below which it is over.
        """
        if used < release:
            self.holds, self._accepted, self._wait = False, None, CALM
        elif self.holds:
            self._wait_on(used, queued, budget, seconds)
        elif used >= (hard if self._accepted is None else self._accepted + GROWTH * budget):
            self._wait = CALM if self._accepted is None else min(2.0 * self._wait, LONGEST)
            self.holds, self._highest, self._calm = True, used, 0.0
        return self.holds

    def _wait_on(self, used: int, queued: int, budget: int, seconds: float) -> None:
        if used > self._highest + STILL * budget:
            self._highest, self._calm = used, 0.0
            return
        self._calm += seconds
        if self._calm >= self._wait * (1.0 if queued <= GROWTH * budget else STUBBORN):
            self.holds, self._accepted = False, used
