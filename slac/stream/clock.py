"""Clocks. No module reads the time by itself: `now` is passed in, or a clock is.

Wall-clock instants are integers: microseconds since the epoch, UTC.
"""

import time
from typing import Protocol

SECOND = 1_000_000
"""Microseconds in a second."""


def cpu_seconds() -> float:
    """Processor time that this process has used, all threads."""
    return time.process_time()


class Clock(Protocol):
    """Something that knows the time of day."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock; the only place where it is read."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000


class ManualClock:
    """A clock that stands until it is told to move: for tests, replay and simulation."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        return self._now

    def advance(self, by: int) -> None:
        """Move forward by `by` microseconds."""
        if by < 0:
            raise ValueError(f"a clock cannot go back: {by} µs")
        self._now += by
