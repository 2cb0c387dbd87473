"""How fast this machine is now, beside when it was calibrated: a part of that measurement again, in some seconds.

Where others share its processors and caches, the same work takes up to 1.8 times as long some minutes later. What is
run again are real documents, since a loop follows the clock of the processor, but not what neighbours do to its caches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Final

import msgspec

from slac.calibration.phase import Phase
from slac.calibration.samples import Sample
from slac.plan.graph import Plan
from slac.runtime.costs import Timer
from slac.shedding.capacity.calibration import TERMS, Calibration, CostLine

RATE: Final = 500.0
"""Events a second of each input: one of the rates at which all is measured."""
TURN: Final = 1.0
"""Seconds of event time of a turn: a tenth of a second of work."""
PIECES: Final = 2
"""Of so many pieces of the document one is run again."""


class Reference:
    """The part of the measurement that is run again, in turns with whatever is looked at.

    `timer` gives CPU seconds of this process. Under a speed that changes from second to second turns should be short.
    """

    def __init__(self, calibration: Calibration, *, timer: Timer) -> None:
        from slac.calibration.calibrate import parts, subject

        self._calibration = calibration
        pieces = reference_pieces(parts(subject(whole=True)))
        self._phases = [Phase(piece, RATE, timer) for piece in pieces]
        self._next = cycle(self._phases)

    def turn(self, seconds: float = TURN) -> None:
        """Another piece, for so long (event time)."""
        next(self._next).run(seconds)

    def pace(self) -> float:
        """How many times as long as when the calibration was made the same work has taken."""
        found = [sample for phase in self._phases for sample in phase.samples()]
        return share(self._calibration.kinds, found) / self._calibration.reference


def paced(calibration: Calibration, pace: float) -> Calibration:
    """The calibration of a machine on which everything takes `pace` times as long."""
    kinds = {kind: _times(line, pace) for kind, line in calibration.kinds.items()}
    return msgspec.structs.replace(calibration, kinds=kinds, idle_cores=pace * calibration.idle_cores)


def reference_pieces(pieces: Sequence[Plan]) -> Sequence[Plan]:
    """The pieces that are run again."""
    return pieces[::PIECES]


def share(kinds: Mapping[str, CostLine], samples: Iterable[Sample]) -> float:
    """What `samples` took in all, as a share of what the prices say of them."""
    some = list(samples)
    said = sum(kinds[kind].seconds(work) for s in some for kind, work in s.work if kind in kinds)
    return sum(s.seconds for s in some) / said if said else 1.0


def _times(line: CostLine, factor: float) -> CostLine:
    return msgspec.structs.replace(line, **{term: factor * getattr(line, term) for term in TERMS})
