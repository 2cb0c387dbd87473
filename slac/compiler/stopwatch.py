"""How long the stages of compiling take, for those who ask: the clock is theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stopwatch:
    """Seconds by stage, in the order in which stages first ended; a stage that runs several times adds up.

    `clock` gives seconds; it is read at the start and at the end of each stage.
    """

    clock: Callable[[], float]
    laps: dict[str, float] = field(default_factory=dict)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to `stage`."""
        now = self.clock()
        self.laps[stage] = self.laps.get(stage, 0.0) + now - self._since
        self._since = now
