"""Which share of a load that does not fit gates let pass: to pass a record by costs something, and so do weights.

The rules are those of the controller: of the target the share s goes into looking at what is then dropped, at most, so
that of records of which a second's worth a = B/(f + w) could all be looked at and kept, at least (1 − s)·a are. Senders
that can wait do, where to drop would let hardly more come (`slac.shedding.holding`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from slac.plan.nodes import SourceNode
from slac.shedding.admission import LOWEST_FRACTION
from slac.shedding.controller import ControlSettings
from slac.shedding.holding import WORTH

__all__ = ["Cores", "admitted_share", "waits_outside"]

Cores = Callable[[float, float], float]
"""From a load (× the normal one) and the share that gates let pass (1: they are open) to CPU seconds a second."""
ALL_BUT: Final = 1.0 - 1e-9
"""Gates that drop, but hardly anything."""
STEPS: Final = 9
"""Bisections: a precision far better than the model's."""
STILL: Final = 1e-6
_SETTINGS: Final = ControlSettings()


def waits_outside(source: SourceNode) -> bool:
    """Whether what a runtime does not fetch waits with who sends it."""
    return source.adapter == "zmq" and source.settings.get("pattern") == "pull"


def admitted_share(cores: Cores, budget: float, load: float, held: float, *, waits: bool) -> tuple[float, bool]:
    """Of `load` times the normal rate, where `held` times it fits while gates are open; whether the rest waits.

    `budget`: CPU seconds a second; `waits`: whether senders can wait.
    """
    most = held / load
    whole = _largest(lambda factor: cores(factor, ALL_BUT) <= budget, held / 2.0**STEPS, held)
    share = _SETTINGS.waiting_looks if waits else _SETTINGS.looking_share
    if waits:
        still = cores(STILL, 1.0)
        room = max(budget - still, 1e-9)
        look = max(cores(held, LOWEST_FRACTION) - still, 1e-9) / held
        if share * room / look + (1.0 - share) * whole < WORTH * held:
            return most, True
    if cores(load, LOWEST_FRACTION) > budget:
        return min((1.0 - share) * whole / load, most), False
    kept = _largest(lambda part: cores(load, part) <= budget, LOWEST_FRACTION, 1.0)
    return min(max(kept, (1.0 - share) * whole / load), most), False


def _largest(fits: Callable[[float], bool], low: float, high: float) -> float:
    """The largest number between these that fits."""
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
