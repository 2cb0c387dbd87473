"""How long what trickles in is gathered, so that what a wave costs at any size is spent on many rows.

Rows of inputs wait for a fifth of a second, less where waves take long, and hardly where they cost nothing; when the
watermark is about to come to the end of a window, they are worked off as soon as they can carry it there. A runtime
that sends has gathered already, so what it sends is only kept for others that send at the same time. Under pressure
waves are larger.
"""

from __future__ import annotations

from typing import Final

from slac.plan.waiting import AHEAD, AWAITED, BUSY_SHARE, HOP, LINGER, MOST_HOPS, lingering
from slac.runtime.core import Core
from slac.runtime.operator import BEGINNING
from slac.stream.clock import SECOND

LARGE: Final = 512 * 1024
"""From so many bytes on nothing is waited for …"""
HUGE: Final = 4 * 1024 * 1024
"""… or from so many, while a gate drops: what a wave costs at any size would be taken from what can be kept."""
PRESSED: Final = 10 * SECOND
"""For so long (µs) behind that, for a gate that opens should not find at once that the same work has become dearer."""


_USUAL: Final = 1 / 16
"""How much of what a wave usually takes is that of the last one, …"""
_LONG: Final = 0.1
"""… which counts as no longer than so many seconds: windows that end are rare."""


class Gathering:
    """Remembers what waves of `core` take, and what is due next."""

    def __init__(self, core: Core) -> None:
        self._cost = self._usual = 0.0
        self._core = core
        self._due: int | None = None
        self._lag = 0
        self._dropped = BEGINNING

    @property
    def cost(self) -> float:
        """Seconds that the last wave took."""
        return self._cost

    @cost.setter
    def cost(self, seconds: float) -> None:
        self._cost = seconds
        self._usual += _USUAL * (min(seconds, _LONG) - self._usual)

    def look(self) -> None:
        """Note after a wave when the next windows end, and how far the watermark is behind the clock.

        Of all that falls due only these are worth a wave of their own: traces, sessions and patterns end all the time.
        """
        sources = (s for s in self._core.sources.values() if s.node.table is None)
        known = [s for s in sources if s.arrival.watermark > BEGINNING]
        if not known:
            return
        reached = min(s.arrival.watermark for s in known)
        self._lag = max(s.heard - s.arrival.watermark for s in known)
        if self._due is None or self._due <= reached:
            self._due = self._core.flow.window_after(reached + AHEAD)

    def pause(self, now: int, *, waiting: int, peers: int) -> float:
        """Seconds to wait at `now` (wall clock, µs), when `waiting` bytes have come in at inputs.

        `peers`: runtimes that send to this one.
        """
        if waiting >= LARGE and waiting >= self._enough(now):
            return 0.0
        hops = min(max(peers - 1, 0), MOST_HOPS)
        return min(self._linger(now) if waiting else HOP * hops, BUSY_SHARE * self.cost)

    def _enough(self, now: int) -> int:
        """Bytes for which a wave is worth its price."""
        if any(not s.gate.decision.admission.is_open for s in self._core.sources.values()):
            self._dropped = now
        return HUGE if now - self._dropped < PRESSED else LARGE

    def _linger(self, now: int) -> float:
        longest = lingering(self._usual)
        if self._due is None:
            return longest
        left = (self._due + self._lag - now) / SECOND
        # Where the watermark stays behind for long, another input holds it, and hurry would be in vain.
        return max(left, 0.0) + AWAITED if -LINGER < left < longest - AWAITED else longest
