"""How fast this machine is now, beside when it was calibrated: a part of that measurement again, in some seconds.

Where others share its processors and caches, the same work takes up to 1.8 times as long some minutes later. What is
run again are real documents, since a loop follows the clock of the processor, but not what neighbours do to its caches.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from slac.calibration.samples import Sample
from slac.plan.graph import Plan
from slac.runtime.costs import Timer
from slac.shedding.capacity.calibration import TERMS, Calibration, CostLine

RATE: Final = 500.0
"""Events a second of each input: one of the rates at which all is measured."""
SECONDS: Final = 3.0
PIECES: Final = 2
"""Of so many pieces of the document one is run again."""


def pace(calibration: Calibration, *, timer: Timer) -> float:
    """How many times as long as when `calibration` was made the same work takes now; `timer`: CPU seconds."""
    from slac.calibration.calibrate import parts, phase, subject

    again = reference_pieces(parts(subject(whole=True)))
    gc.collect()
    gc.disable()
    try:
        found = [sample for plan in again for sample in phase(plan, RATE, SECONDS, timer)]
    finally:
        gc.enable()
    return share(calibration.kinds, found) / calibration.reference


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
