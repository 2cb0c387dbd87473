"""An operator that can run keys again (`restating`) only from when a peer could not be reached, until it is back.

As long as all peers are heard no row of its input will come again, and nothing is kept for it. When the watermark goes
on without a peer, the base begins as a copy of the lead, as it is then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slac.runtime.operator import BEGINNING, ENDED, State
from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.stream.batch import Batch


class DoubtingOperator(RestatingOperator):
    """`bound`: for how long (µs) windows upstream wait for a peer."""

    def __init__(self, build: Callable[[], ReplayableOperator], ports: int, bound: int) -> None:
        super().__init__(build, ports, bound)
        self._keeps = False
        self._certain = ENDED
        self._doubted = BEGINNING

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """From here on rows may come again."""
        self._certain = certain
        if certain < ENDED and not self._keeps:
            self._base = self._build()
            self._base.restore(self._lead.snapshot())
            self._keeps = True
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As ever; when all peers have told all until the end of the doubt, and that is worked off, it is over."""
        said = super().on_watermark(watermark, end=end)
        if self._certain < ENDED:
            self._doubted = max(self._doubted, watermark)
        elif self._keeps and watermark > self._doubted and not self._restated():
            self._rest()
        return said

    def snapshot(self) -> State:
        """And whether there is a doubt."""
        state = super().snapshot()
        doubt = {"keeps": self._keeps, "certain": self._certain, "doubted": self._doubted}
        return State({**state.values, "doubt": doubt}, state.frames)

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        super().restore(state)
        doubt = state.values["doubt"]
        self._keeps, self._certain, self._doubted = doubt["keeps"], doubt["certain"], doubt["doubted"]

    def _rest(self) -> None:
        self._keeps = False
        self._base = self._build()
        self._said.restore(None)
        for port in self._ports:
            port.kept.release(ENDED)
