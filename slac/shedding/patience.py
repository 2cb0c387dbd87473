"""Delay or drop: a burst that will have been worked off before anybody would notice waits; any other is dropped from.

The rule: what is offered beyond the room is delayed as long as, by what is known now, the queue will be empty again
within the time that a result of the neediest input takes anyway (`GateSpec.patience`: lateness and half of a hop), and
as long as it fits into the queues. A burst of D model cores over room R lasts t more, builds up to B = Q + (D − R)·t
of work, and is worked off in B/(R − D₀), when the usual load D₀ is back: so it waits iff t + B/(R − D₀) is at most the
patience. How long t a burst still lasts is what its input declares (`rate: burst`), less what has passed; where nothing
is declared, as long again as it has lasted so far, the median of what is known of nothing but its age (Gott, 1993).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from slac.stream.clock import SECOND

USUAL: Final = 60.0
"""Seconds over which the usual load of an input is a faded mean."""
SHORTEST: Final = 1.0
"""Seconds that a burst lasts at least: a reading is the mean of as much."""
LONGER: Final = 2.0
"""Beyond so many times its declared length a burst is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """An input under pressure: model cores offered, and queued (core seconds); how long it may wait (µs).

    `room`: of the queue, in the same measure as what is queued. `burst`: seconds that a burst is declared to last.
    """

    offered: float
    queued: float
    room: float
    patience: int
    burst: float | None = None


@dataclass(slots=True)
class Patience:
    """Remembers the usual load of each input, and since when there is too much."""

    usual: dict[str, float] = field(default_factory=dict)
    since: int | None = None
    _at: int | None = None

    def look(self, at: int, offered: Mapping[str, float], *, too_much: bool) -> None:
        """Take in what was offered in the last second (model cores by input) at `at` (µs)."""
        seconds = 0.0 if self._at is None else min((at - self._at) / SECOND, 1.0)
        self._at = at
        if too_much:
            self.since = at if self.since is None else self.since
            return
        self.since = None
        share = min(seconds / USUAL, 1.0)
        for name, cores in offered.items():
            known = self.usual.get(name)
            self.usual[name] = cores if known is None else known + share * (cores - known)

    def may_wait(self, at: int, pressed: Mapping[str, Pressed], room: float) -> bool:
        """Whether what is pressed by more than `room` (model cores) will have been worked off in time."""
        age = 0.0 if self.since is None else (at - self.since) / SECOND
        rest = max((_rest(p, age) for p in pressed.values()), default=0.0)
        over = sum(p.offered for p in pressed.values()) - room
        if not all(
            p.queued + max(p.offered - room * _part(p, pressed), 0.0) * rest <= p.room for p in pressed.values()
        ):
            return False
        spare = room - sum(self.usual.get(n, p.offered) for n, p in pressed.items())
        if spare <= 0:
            return False
        built = sum(p.queued for p in pressed.values()) + max(over, 0.0) * rest
        allowed = min((p.patience for p in pressed.values()), default=0) / SECOND
        return (rest if over > 0 else 0.0) + built / spare <= allowed


def _rest(pressed: Pressed, age: float) -> float:
    """Seconds that a burst still lasts."""
    if pressed.burst is not None and age < LONGER * pressed.burst:
        return max(pressed.burst - age, SHORTEST)
    return max(age, SHORTEST)


def _part(pressed: Pressed, of: Mapping[str, Pressed]) -> float:
    whole = sum(p.offered for p in of.values())
    return pressed.offered / whole if whole > 0 else 1.0
