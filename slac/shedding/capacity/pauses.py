"""How long a runtime pauses between its waves, where some of them are dear.

A pause goes by what the last wave took. Most waves are alike; those in which windows end, or in which much that has
waited is worked on, take many times as long and have the longest pause behind them. A mean over both would be a pause
that nobody makes: too long behind most waves, so that too few of them seem to be made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from slac.plan.nodes import AnyNode
from slac.plan.waiting import BUSY_SHARE
from slac.shedding.capacity.flow import NodeLoad

__all__ = ["Rare", "Turn", "rare_calls", "turns"]

SELDOM: Final = 0.5
"""A node that is called in less than this share of waves is seldom called …"""
DEAR: Final = 0.25
"""… and matters to how long is paused where it then takes more than this share of a mean wave."""
MOST: Final = 0.75
"""Share of waves that are taken to be dear at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """What is worked on together, `rate` times a second, and takes `cost` (CPU seconds) each time."""

    rate: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A wave of one sort: its `share` of all waves, what it takes and how long is paused behind it (seconds)."""

    share: float
    cost: float
    pause: float


def rare_calls(
    nodes: Iterable[AnyNode], loads: Mapping[str, NodeLoad], cores: Mapping[str, float], waves: float, busy: float
) -> tuple[Rare, ...]:
    """The dear calls of a runtime, dearest first: what is called equally often is called together."""
    found: dict[float, float] = {}
    for node in nodes:
        work = loads[node.id].work
        rate = work[0][1].batches if work else 0.0
        if 0.0 < rate < SELDOM * waves:
            rate = float(f"{rate:.2g}")
            found[rate] = found.get(rate, 0.0) + cores[node.id] / rate
    dear = sorted(((c, r) for r, c in found.items() if c > DEAR * busy / max(waves, 1e-9)), reverse=True)
    rare: list[Rare] = []
    for cost, rate in dear:
        if sum(r.rate for r in rare) + rate <= MOST * waves:
            rare.append(Rare(rate=rate, cost=cost))
    return tuple(rare)


def turns(rare: Iterable[Rare], *, waves: float, busy: float, longest: float) -> list[Turn]:
    """The sorts of waves of a runtime that works for `busy` seconds a second in so many waves."""
    dear = list(rare)
    usual = max(busy - sum(r.rate * r.cost for r in dear), 0.0) / waves
    rest = max(1.0 - sum(r.rate for r in dear) / waves, 0.0)
    sorts = [(rest, usual), *((r.rate / waves, usual + r.cost) for r in dear)]
    return [Turn(share=share, cost=cost, pause=min(longest, BUSY_SHARE * cost)) for share, cost in sorts]
