"""The controller: from readings and offered load to what each input may admit, and how fast what can wait is read.

It does no I/O and reads no clock: `decide` takes everything, and what it returns holds all inputs of the decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from slac.shedding.gate import LOWEST_FRACTION, Reason
from slac.shedding.laws import CostFactor, MemoryLaw, NetworkLaw, Rate
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a developer may set; shares are of the budget.

    `headroom`: where CPU and network are aimed at, so that readings scatter below the budget. `evidence`: the share of
    that aim above which a reading counts as high. `memory_soft`: growth
    above it lowers admission; `memory_hard`: above it nothing more is taken in. `margin`: by how much the model may
    be wrong before its prediction alone, without a high reading, starts to drop. `deadband`: relative change below
    which a decision stands. `waiting_share`: what inputs that can wait get at least, when others fill the budget.
    `melt`: seconds in which the queue before the gate is to be worked off.
    """

    headroom: float = 0.95
    memory_soft: float = 0.80
    memory_hard: float = 0.95
    margin: float = 2.0
    evidence: float = 0.90
    deadband: float = 0.03
    waiting_share: float = 0.1
    melt: float = 1.0


DEFAULT: Final = ControlSettings()
UNKNOWN_COST: Final = 2e-6
"""CPU seconds a record where no model says; the controller learns by what factor it is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLoad:
    """An input as it stands: records offered and admitted since the start, and CPU seconds a record by the model.

    `seen`: records that came to the gate or were refused; `waiting`: records queued before the gate now (an estimate
    will do). `cost` 0 is not known. `can_drop` is False for what can wait and for `shed: never`: it gets a pace.
    """

    seen: int
    kept: int
    cost: float = 0.0
    can_drop: bool = True
    waiting: float = 0.0

    @property
    def cores(self) -> float:
        """CPU seconds a record, by the model or by default."""
        return self.cost or UNKNOWN_COST


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from now on, and why: one event for each change.

    `fractions`: input → share to admit; `paces`: input → records a second to read; `refuse`: take nothing more in
    (above the hard memory limit). Cores are CPU seconds a second: `demand_cores` is what the offered load would use,
    `allowed_cores` what may be used on records; `factor` is how much dearer than the model records turned out to be.
    `changed` is False where the decision before still stands.
    """

    at: int
    fractions: dict[str, float]
    paces: dict[str, float]
    refuse: bool
    reason: Reason
    changed: bool
    reading: Reading
    targets: ResolvedBudget
    demand_cores: float
    allowed_cores: float
    factor: float


class Controller:
    """Keeps one runtime inside `budget`. `idle_cores` is what it uses without any record."""

    def __init__(self, budget: ResolvedBudget, settings: ControlSettings = DEFAULT, *, idle_cores: float = 0.0) -> None:
        self.budget = budget
        self.settings = settings
        self._target = max(settings.headroom * budget.cpu_cores - idle_cores, 0.01 * budget.cpu_cores)
        self._idle = idle_cores
        self._factor = CostFactor()
        self._memory = MemoryLaw()
        self._network = NetworkLaw()
        self._offered: dict[str, Rate] = {}
        self._cores = Rate()
        self._admitted = 0.0
        self._kept: dict[str, int] = {}
        self._dropping = False
        self._last: Decision | None = None

    def decide(self, reading: Reading, offered: Mapping[str, InputLoad]) -> Decision:
        """Decide at `reading.at`, for the inputs as they stand; meant to be called a few times a second."""
        seconds = self._elapsed(reading)
        self._learn(reading, offered, seconds)
        allowed = self._target / self._factor.factor
        demand, waiting = self._demand(reading, offered)
        reserved = self._reserved(offered, waiting, allowed)
        room = allowed - reserved
        shares: dict[Reason, float] = {
            "cpu": self._cpu_share(reading, demand, room),
            "memory": self._memory_share(reading, seconds),
            "network": self._network_share(reading, seconds),
        }
        reason = min(shares, key=lambda r: shares[r])
        fraction = max(shares[reason], LOWEST_FRACTION)
        left = max(allowed - min(demand * fraction, room), reserved)
        factor = self._factor.factor
        refuse = self._refuses(reading)
        return self._settle(
            Decision(
                at=reading.at,
                fractions={i: fraction for i, load in offered.items() if load.can_drop},
                paces=self._paces(offered, 0.0 if refuse else left * min(shares["memory"], shares["network"])),
                refuse=refuse,
                reason=reason if fraction < 1.0 else "recovered",
                changed=True,
                reading=reading,
                targets=self.budget,
                demand_cores=(demand + waiting) * factor,
                allowed_cores=self._target,
                factor=factor,
            )
        )

    def _elapsed(self, reading: Reading) -> float:
        """Seconds since the last decision; a runtime that slept long counts as one second, the span of a reading."""
        if self._last is None:
            return 0.0
        return min(max((reading.at - self._last.at) / SECOND, 0.0), 1.0)

    def _learn(self, reading: Reading, offered: Mapping[str, InputLoad], seconds: float) -> None:
        for name, load in offered.items():
            self._admitted += load.cores * (load.kept - self._kept.get(name, 0))
            self._kept[name] = load.kept
        admitted = self._cores.read(reading.at / SECOND, self._admitted)
        # A little work says more about noise than about its cost; but where it is little because we drop, it counts.
        floor = 0.0 if self._dropping else 0.05 * self._target
        self._factor.learn(reading.cpu_cores - self._idle, admitted, floor, seconds)

    def _demand(self, reading: Reading, offered: Mapping[str, InputLoad]) -> tuple[float, float]:
        """Model cores that the last second's offer would take: of what can be dropped, and of what waits.

        What was offered is what came to the gate and what the queue before it grew by; the queue is to melt besides.
        """
        demand = waiting = 0.0
        for name, load in offered.items():
            rate = self._offered.setdefault(name, Rate()).read(reading.at / SECOND, load.seen + load.waiting)
            if load.can_drop:
                demand += (rate + load.waiting / self.settings.melt) * load.cores
            else:
                waiting += rate * load.cores
        return demand, waiting

    def _reserved(self, offered: Mapping[str, InputLoad], waiting: float, allowed: float) -> float:
        """Model cores kept for what waits: twice what it uses, so that it can grow, from a trickle to its share."""
        if all(load.can_drop for load in offered.values()):
            return 0.0
        return min(max(2.0 * waiting, 0.02 * allowed), self.settings.waiting_share * allowed)

    def _cpu_share(self, reading: Reading, demand: float, room: float) -> float:
        """`room / demand`, once it is sure that something must go: a prediction alone may be wrong by `margin`."""
        excess = demand / room
        high = reading.cpu_cores >= self.settings.evidence * self.settings.headroom * self.budget.cpu_cores
        begins = (high and excess > 1.0 + self.settings.deadband) or excess >= self.settings.margin
        self._dropping = excess > 1.0 and (self._dropping or begins)
        return 1.0 / excess if self._dropping else 1.0

    def _memory_share(self, reading: Reading, seconds: float) -> float:
        soft, hard = (s * self.budget.memory_bytes for s in (self.settings.memory_soft, self.settings.memory_hard))
        return self._memory.step(reading.memory_bytes, soft, hard, seconds, LOWEST_FRACTION)

    def _network_share(self, reading: Reading, seconds: float) -> float:
        bound = self.budget.network_bits
        target = None if bound is None else self.settings.headroom * bound
        used = reading.network_bits if reading.demanded_bits is None else reading.demanded_bits
        return self._network.step(used, target, seconds, LOWEST_FRACTION)

    def _refuses(self, reading: Reading) -> bool:
        """Above the hard limit; ends a little below it, so that one page more or less does not toggle it."""
        hard = self.settings.memory_hard * self.budget.memory_bytes
        held = self._last is not None and self._last.refuse
        return reading.memory_bytes >= hard * (1.0 - self.settings.deadband if held else 1.0)

    def _paces(self, offered: Mapping[str, InputLoad], cores: float) -> dict[str, float]:
        """Equal cores for all inputs that wait."""
        names = [i for i, load in offered.items() if not load.can_drop]
        return {i: cores / len(names) / offered[i].cores for i in names}

    def _settle(self, new: Decision) -> Decision:
        """Let the last decision stand where the new one hardly differs from it."""
        last = self._last
        if last is not None:
            fractions = {i: self._still(last.fractions.get(i), f) for i, f in new.fractions.items()}
            paces = {i: self._still(last.paces.get(i), p) for i, p in new.paces.items()}
            same = (fractions, paces, new.refuse) == (last.fractions, last.paces, last.refuse)
            new = msgspec.structs.replace(new, fractions=fractions, paces=paces, changed=not same)
        self._last = new
        return new

    def _still(self, before: float | None, now: float) -> float:
        """`before`, unless the change is worth it; all is admitted again without delay."""
        if before is None or now == 1.0 or abs(now - before) > self.settings.deadband * before:
            return now
        return before
