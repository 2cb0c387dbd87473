"""What the nodes of a runtime have cost so far: the CPU seconds of each call, beside how many rows it was given.

Only sums are kept, those of a line through the calls: what one costs at any size, and what each row adds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

Timer = Callable[[], float]
"""CPU seconds of this process up to now."""

NEVER: Final[Timer] = lambda: 0.0  # noqa: E731
"""The timer of who does not want to know."""


@dataclass(slots=True)
class Tally:
    """The calls of one node: how many, their rows and CPU seconds, and the products of these."""

    calls: float = 0.0
    rows: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0
    products: float = 0.0

    def add(self, rows: int, seconds: float) -> None:
        """One more call."""
        self.calls += 1
        self.rows += rows
        self.seconds += seconds
        self.squares += rows * rows
        self.products += rows * seconds

    def line(self) -> tuple[float, float]:
        """CPU seconds a call and a row: the line of least squares, where both are possible; else what the mean says."""
        if not self.calls:
            return 0.0, 0.0
        spread = self.squares - self.rows * self.rows / self.calls
        mean, height = self.seconds / self.calls, self.rows / self.calls
        if spread <= 1e-9 * max(self.squares, 1.0):
            return mean, 0.0
        slope = (self.products - self.rows * mean) / spread
        slope = min(max(slope, 0.0), mean / height if height else 0.0)
        return mean - slope * height, slope


@dataclass(slots=True)
class Costs:
    """The tallies of all nodes of a runtime, by their ids; `timer` says what the process has used."""

    timer: Timer = NEVER
    tallies: dict[str, Tally] = field(default_factory=dict)

    def add(self, node_id: str, rows: int, began: float) -> None:
        """A call of a node that was given `rows` and began at `began`."""
        tally = self.tallies.get(node_id)
        if tally is None:
            tally = self.tallies[node_id] = Tally()
        tally.add(rows, self.timer() - began)
