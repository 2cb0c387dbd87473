"""The processor time that work on records may take: work that would spend more than there is begins later.

A rate of records keeps a budget only as well as it is known what a record costs, and that changes from one second to
the next: with what else the machine does, with the mix of events, with a checkpoint beside. So what is spent is counted
where it is spent. Two bounds hold at once: what is earned a second and not spent is saved for a little while only (so
work is spread evenly), and no second takes more than the budget has for one, whatever was saved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from slac.stream.clock import SECOND

SAVED: Final = 0.1
"""Seconds of what is earned that may be spent later."""
OWED: Final = 0.2
"""Seconds of what is earned that may be owed, so that nothing waits longer than that for an even pace."""
AT_ONCE: Final = 0.1
"""Part of what a second has that is spent at once. Half of it is what a second is off by: the headroom of the aim."""
LEAST: Final = 512 * 1024
"""Bytes that may be worked off at once however little there is: smaller waves cost more than they are worth."""
_APART: Final = SECOND // 100


class Purse:
    """One for all inputs of a runtime: `rate` cores are aimed at, and no second takes more than `bound` core seconds.

    `used`: processor time (s) that has been used until now; only ever grows.
    """

    def __init__(self, used: Callable[[], float], *, rate: float, bound: float) -> None:
        self._used = used
        self._rate = rate
        self._bound = bound
        self._credit = 0.0
        self._at = 0
        self._spent = 0.0
        self._taken = 0
        self._samples: deque[tuple[int, float, int]] = deque()

    def pause(self, now: int) -> int:
        """For how long (µs) work must wait at `now`; 0 when it may begin."""
        self._look(now)
        owed = -self._credit / self._rate * SECOND
        return max(round(owed), self._crowded(now), 0)

    def most(self, now: int) -> int | None:
        """How many bytes may be worked off at once, by what they have cost in the last second; None: any number."""
        each = self._each(now)
        return None if each <= 0 else max(round(AT_ONCE * self._rate / each), LEAST)

    def took(self, size: int) -> None:
        """So many bytes are worked off now."""
        self._taken += size

    def _each(self, now: int) -> float:
        """Processor time for a byte."""
        self._look(now)
        _, before, taken = self._samples[0]
        return (self._spent - before) / (self._taken - taken) if self._taken > taken else 0.0

    def _look(self, now: int) -> None:
        spent = self._used()
        if self._samples:
            self._credit += self._rate * max(now - self._at, 0) / SECOND - (spent - self._spent)
            self._credit = min(max(self._credit, -OWED * self._rate), SAVED * self._rate)
        self._at, self._spent = now, spent
        samples = self._samples
        if not samples or now - samples[-1][0] >= _APART:
            samples.append((now, spent, self._taken))
        # The youngest sample that is at least a second old stays, as what the last second began with.
        while len(samples) > 1 and samples[1][0] <= now - SECOND:
            samples.popleft()

    def _crowded(self, now: int) -> int:
        """Until so much of what the last second has spent is a second old that what is spent at once has room.

        Between two samples, which may be as far apart as a wave takes, it counts as spent evenly.
        """
        before = self._spent - (self._bound - AT_ONCE / 2 * self._rate)
        begin, least, _ = self._samples[0]
        if before <= least:
            return 0
        for at, spent, _ in (*self._samples, (now, self._spent, 0)):
            if spent >= before:
                passed = (before - least) / (spent - least) * (at - begin)
                return max(round(begin + passed) + SECOND - now, 0)
            begin, least = at, spent
        return 0
