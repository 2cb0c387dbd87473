"""A plan at one rate under the clock of `slac.calibration.world`, and what every node of it takes."""

from __future__ import annotations

from typing import Final

from slac.calibration.feeds import feeds
from slac.calibration.samples import Sample, samples
from slac.calibration.world import World
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.costs import Timer
from slac.stream.clock import SECOND

WARM: Final = 2.5
"""Seconds of event time before it is measured: windows have closed by then, and state is there."""


class Phase:
    """A world that is warm; `rate`: events a second of each input. `timer` gives CPU seconds of this process.

    `thinned`: the share that gates let pass, where they drop.
    """

    def __init__(self, plan: Plan, rate: float, timer: Timer, *, thinned: float | None = None) -> None:
        read = {n.block for n in plan.nodes if isinstance(n, SourceNode)}
        makers = {name: feed for name, feed in feeds().items() if name in read}
        self._world = World(plan, makers, dict.fromkeys(makers, rate), timer, thinned=thinned)
        self._world.run(WARM)
        self._world.reset()
        self._before, self._began = self._rows(), self._world.now

    def run(self, seconds: float) -> None:
        """Let so much event time pass."""
        self._world.run(seconds)

    def samples(self) -> list[Sample]:
        """What every node has taken since it was warm."""
        lasted = (self._world.now - self._began) / SECOND
        if not lasted:
            return []
        rows = {i: (n - self._before.get(i, 0)) / lasted for i, n in self._rows().items()}
        return samples(self._world, rows, lasted)

    def _rows(self) -> dict[str, int]:
        return {i: n for r in self._world.runtimes.values() for i, n in r.core.flow.rows.items()}


def phase(plan: Plan, rate: float, seconds: float, timer: Timer, *, thinned: float | None = None) -> list[Sample]:
    """What every node takes at this rate."""
    made = Phase(plan, rate, timer, thinned=thinned)
    made.run(seconds)
    return made.samples()
