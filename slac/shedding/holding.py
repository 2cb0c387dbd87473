"""Whether senders that can wait are made to, and all that they hand over is kept, or gates drop from what they send.

To look at what is then dropped costs something as well, and what was chosen costs more to work on than what came whole.
With a share s of the target for looking, s/f + (1 − s)/w records a second come to gates that drop, where f is the price
of a look and w that of a record which is kept; without drops it is 1/w₀. Of events that are worked on for little more
than it costs to look at them both are about as many: then gates would throw away a half, and the sender waited all
the same. Where they would let several times as many come, they drop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WORTH: Final = 2.0
"""So many times as many records must come to gates that drop as could be kept of a sender that waits …"""
STAYS: Final = 3.0
"""… or so many, once it waits: to drop makes dearer, which is not known before."""
SETTLED: Final = 1.5
"""Seconds without drops after which prices, which are means of the last second, are those of gates that are open."""
LEAST_TOUCH: Final = 5e-8
"""No record comes, and is looked at, for less; while all is kept, it is hardly to be told what a look costs."""


@dataclass(slots=True)
class Holding:
    """Remembers what work costs that came whole; `holds`: senders wait now, as soon as it is too much.

    `factor`: by how much that is dearer than the model says; None where nothing is known yet.
    """

    holds: bool = False
    factor: float | None = None
    _open: float = 0.0

    def learn(self, factor: float, seconds: float, *, dropping: bool) -> None:
        """Take in what work turned out to cost in the last `seconds`, in units of the model."""
        self._open = 0.0 if dropping else self._open + seconds
        if self._open >= SETTLED:
            self.factor = factor

    def look(self, *, touch: float, factor: float, cores: float, share: float) -> bool:
        """Decide for records of which one takes `cores` by the model, and `touch` CPU seconds only to be looked at.

        `factor`: by how much work is dearer than the model now; `share`: of the target, for looking.
        """
        touch = max(touch, LEAST_TOUCH)
        now = touch + factor * cores
        whole = now if self.factor is None else touch + self.factor * cores
        gain = whole * (share / touch + (1.0 - share) / now)
        self.holds = gain < (STAYS if self.holds else WORTH)
        return self.holds
