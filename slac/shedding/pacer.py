"""Pacing: what can wait is read more slowly instead of being dropped."""

from __future__ import annotations

from typing import Final

from slac.stream.clock import SECOND

LOOK_AGAIN: Final = 100_000
"""A reader that stands still asks again after this long (µs): often enough to start within the controller's step."""
LONGEST: Final = SECOND
"""No pause is longer (µs), so that a new pace is felt within a second."""


class Pacer:
    """Says how long reading must pause so that records come at no more than a given rate.

    Virtual scheduling: each record moves the instant at which the next may come by 1/rate. `burst` (µs) is how far
    reading may run ahead, so that large batches at a steady mean pass without a stop-and-go. `credit` (µs) is how far
    it may have fallen behind and still make up for it: whoever looks late for what is there would be slower for good.
    """

    def __init__(self, burst: int = LOOK_AGAIN, credit: int = 0) -> None:
        self._burst = burst
        self._credit = credit
        self._rate: float | None = None
        self._next = 0.0

    @property
    def rate(self) -> float | None:
        """Records a second; 0 stands still, None is as fast as can be."""
        return self._rate

    def set_rate(self, rate: float | None, now: int) -> None:
        """Read at `rate` records a second from `now` (µs) on; what was owed at the old rate is owed at the new one."""
        if rate is not None and rate < 0:
            raise ValueError(f"a pace cannot be negative: {rate}")
        if rate and self._rate:
            owed = max(self._next - now, 0.0)
            self._next = now + owed * self._rate / rate
        elif rate is None:
            self._next = now
        self._rate = rate

    def took(self, count: int, now: int) -> int:
        """Account for `count` records read at `now` (µs); returns for how long (µs) to pause before reading on."""
        if self._rate:
            self._next = max(self._next, float(now - self._credit)) + count * SECOND / self._rate
        return self.pause(now)

    def pause(self, now: int) -> int:
        """For how long (µs) reading must pause at `now`; 0 when it may go on. Never more than a second at a time."""
        if self._rate is None:
            return 0
        if self._rate == 0:
            return LOOK_AGAIN
        return round(min(max(self._next - now - self._burst, 0.0), LONGEST))
