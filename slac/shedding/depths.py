"""How much may wait in front of the gates: a time, and so as many records as go through them in it.

What stands in a queue makes every result as late as it takes to work it off. So as soon as it is known that it does not
melt, no more may wait than goes through the gate in that time; beyond, senders are pressed back. What waits for less
than a second is no standing queue, and is bounded by memory alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from slac.shedding.laws import Rate
from slac.shedding.offers import InputLoad
from slac.stream.clock import SECOND

STANDS: Final = SECOND
"""A queue that has not melted for so long (µs) stands."""
STARVES: Final = 3 * SECOND
"""For so long (µs) it stands where there is nothing left to work it off with; a stall is over sooner."""
MET: Final = 0.5
"""Part of a pace that goes through where the machine lets it: work comes in blocks, and readings scatter."""
NEARLY: Final = 0.9
"""Part of a pace below which it is not raised."""
BEHIND: Final = 0.25
"""Seconds of work that may be queued at any time without being behind: so are waves gathered, and paced."""
GATHERED: Final = 0.15
"""Seconds of work that are queued because a wave is gathered, and are not to melt."""


@dataclass(slots=True)
class Depths:
    """Remembers what goes through each gate, and since when it has been behind."""

    looked: dict[str, float] = field(default_factory=dict)
    _rates: dict[str, Rate] = field(default_factory=dict)
    _since: dict[str, int] = field(default_factory=dict)

    def look(self, at: int, offered: Mapping[str, InputLoad]) -> None:
        """Take in what has come to the gates until `at` (µs)."""
        for name, load in offered.items():
            rate = self._rates.setdefault(name, Rate()).read(at / SECOND, load.touched_records)
            self.looked[name] = rate
            if load.waiting <= BEHIND * rate:
                self._since.pop(name, None)
            elif rate > 0:
                self._since.setdefault(name, at)

    def behind(self, name: str, waiting: float, seconds: float = GATHERED) -> float:
        """How many of the records that wait do so for longer than it takes to gather a wave, or so many seconds."""
        return max(waiting - seconds * self.looked.get(name, 0.0), 0.0)

    def stands(self, name: str, at: int, since: int = STANDS) -> bool:
        """Whether the queue of an input has not melted for a second, or for so long (µs)."""
        # Where nothing goes through at all, the runtime rests (its plan is changed): that says nothing of its pace.
        return name in self._since and self.looked[name] > 0 and at - self._since[name] >= since

    def starves(self, name: str, at: int, pace: float | None) -> bool:
        """Whether it has stood for longer than any stall lasts, and not because it is worked off at a `pace`."""
        return self.stands(name, at, STARVES) and (pace is None or self.looked[name] < MET * pace)

    def lags(self, name: str, at: int, pace: float | None) -> bool:
        """Whether it stands, and less than its `pace` goes through: there is no more to be had."""
        return self.stands(name, at) and (pace is None or self.looked[name] < NEARLY * pace)
