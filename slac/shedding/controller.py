"""The controller: from readings and offered load to what each input may admit, and how fast what can wait is read.

It does no I/O and reads no clock: `decide` takes everything, and what it returns holds all inputs of the decision.
"""

from __future__ import annotations

from collections.abc import KeysView, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from slac.shedding.admission import Admission
from slac.shedding.attained import Attained
from slac.shedding.depths import BEHIND, Depths
from slac.shedding.gate import LOWEST_FRACTION, Reason
from slac.shedding.holding import Holding
from slac.shedding.laws import MemoryLaw, NetworkLaw, Rate, WorkModel
from slac.shedding.memory import MemoryHold
from slac.shedding.offers import InputLoad, admission_of, admitted_cores, offer_of, pressed_of
from slac.shedding.patience import Patience
from slac.shedding.rates import Rates, allocate
from slac.shedding.readings import Reading, ResolvedBudget
from slac.shedding.shops import SIFTING
from slac.stream.clock import SECOND


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a developer may set; shares are of the budget.

    `headroom`: where CPU and network are aimed at, so that readings scatter below the budget. `evidence`: the share of
    that aim above which a reading counts as high. `memory_soft`: growth
    above it lowers admission; `memory_hard`: above it nothing more is taken in. `margin`: by how much the model may
    be wrong before its prediction alone, without a high reading, starts to drop. `deadband`: relative change below
    which a decision stands. `waiting_share`: what inputs that can wait get at least, when others fill the budget.
    `melt`: seconds in which the queue before the gate is to be worked off, but for what is only gathered.
    `looking_share`: the most that goes into looking at records which are then dropped unread; `waiting_looks`: the
    same of inputs whose senders wait with what is not fetched, and lose nothing. `standing`: seconds of what goes
    through the gate that may wait in front of it, unless a burst is to wait.
    """

    headroom: float = 0.95
    memory_soft: float = 0.80
    memory_hard: float = 0.95
    margin: float = 2.0
    evidence: float = 0.90
    deadband: float = 0.03
    waiting_share: float = 0.1
    melt: float = 0.5
    looking_share: float = 0.1
    waiting_looks: float = 0.06
    standing: float = 0.5


DEFAULT: Final = ControlSettings()
LEEWAY: Final = 1.1
"""What a pace lets through beyond what is planned for: processor time ends it, not what was thought of it."""
PLANNED: Final = 8
"""Decisions for which rates that were planned once are used at most."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from now on, and why: one event for each change.

    `fractions`: input → share of its events to admit, and `admissions` → how; `paces`: input → records a second to
    read; `delays`: input → records a second to work off, while a burst waits instead of being dropped from; `depths`:
    input → records that may wait before the gate, where more would stand there; `refuse`: take nothing more in (above
    the hard memory limit). `errors`: input → the largest relative error that is planned
    for. Cores are CPU seconds a second: `demand_cores` is what the offered load would use, `allowed_cores` what may be
    used on records; `factor` is how much dearer than the model records turned out to be, and `touch` what one costs
    (CPU seconds) that is only looked at.
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
    touch: float = 0.0
    admissions: dict[str, Admission] = {}
    errors: dict[str, float] = {}
    delays: dict[str, float] = {}
    depths: dict[str, float] = {}


@dataclass(slots=True)
class _Planned:
    """Rates that were planned when so much of all fitted: to plan takes as long as to work off some thousand events."""

    fits: float = 0.0
    rates: dict[str, Rates] = field(default_factory=dict)
    uses: int = 0

    @property
    def way(self) -> int | None:
        """The way that holds; None where none does."""
        return next((r.way for r in self.rates.values()), None)

    def still(self, fits: float, inputs: KeysView[str], deadband: float) -> bool:
        """Whether they can be used once more: nearly as much fits, and what events are like was not long ago."""
        self.uses += 1
        same = abs(fits - self.fits) <= deadband * self.fits and self.rates.keys() == inputs
        return same and self.uses < PLANNED


class Controller:
    """Keeps one runtime inside `budget`. `idle_cores` is what it uses without any record."""

    def __init__(self, budget: ResolvedBudget, settings: ControlSettings = DEFAULT, *, idle_cores: float = 0.0) -> None:
        self.budget = budget
        self.settings = settings
        self._full = max(settings.headroom * budget.cpu_cores - idle_cores, 0.01 * budget.cpu_cores)
        self._target = self._full
        self._attained = Attained()
        self._idle = idle_cores
        self._work = WorkModel()
        self._memory = MemoryLaw()
        self._network = NetworkLaw()
        self._offered: dict[str, Rate] = {}
        self._cores = Rate()
        self._touched = Rate()
        self._admitted = 0.0
        self._kept: dict[str, float] = {}
        self._rate_of: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._dropping = False
        self._waits = False
        self._patience = Patience()
        self._hold = MemoryHold()
        self._holding = Holding()
        self._depths = Depths()
        self._planned = _Planned()
        self._last: Decision | None = None

    def decide(self, reading: Reading, offered: Mapping[str, InputLoad]) -> Decision:
        """Decide at `reading.at`, for the inputs as they stand; meant to be called a few times a second."""
        seconds = self._elapsed(reading)
        self._learn(reading, offered, seconds)
        demand, waiting = self._demand(reading, offered)
        self._target = self._attain(reading, offered, seconds)
        self._hold_back(offered)
        taken, looking = self._looking(offered)
        demand *= taken
        allowed = (self._target - looking) / self._work.factor
        reserved = self._reserved(offered, waiting, allowed)
        room = allowed - reserved
        self._look(reading, offered, demand, room)
        refuse = self._refuses(reading, offered, seconds)
        shares: dict[Reason, float] = {
            "cpu": self._cpu_share(reading, offered, demand, room),
            "memory": self._memory_share(reading, seconds),
            "network": self._network_share(reading, seconds),
        }
        reason = min(shares, key=lambda r: shares[r])
        fraction = max(shares[reason], LOWEST_FRACTION)
        left = max(allowed - min(demand * fraction, room), reserved)
        factor = self._work.factor
        rates = self._rates(offered, demand * fraction, fraction, taken)
        delays = self._delays(offered, rates, room, taken)
        return self._settle(
            Decision(
                at=reading.at,
                fractions={i: r.fraction for i, r in rates.items()},
                admissions={i: admission_of(r, offered[i]) for i, r in rates.items() if r.fraction < 1.0},
                errors={i: r.error for i, r in rates.items() if r.error is not None},
                delays=delays,
                depths=self._depths_of(reading.at, offered, delays, min(room / demand, 1.0) * taken if demand else 1.0),
                paces=self._paces(offered, 0.0 if refuse else left * min(shares["memory"], shares["network"])),
                refuse=refuse,
                reason=reason if fraction < 1.0 else "recovered",
                changed=True,
                reading=reading,
                targets=self.budget,
                demand_cores=(demand + waiting) * factor + looking,
                allowed_cores=self._target,
                factor=factor,
                touch=self._work.touch,
            )
        )

    def _elapsed(self, reading: Reading) -> float:
        """Seconds since the last decision; a runtime that slept long counts as one second, the span of a reading."""
        if self._last is None:
            return 0.0
        return min(max((reading.at - self._last.at) / SECOND, 0.0), 1.0)

    def _learn(self, reading: Reading, offered: Mapping[str, InputLoad], seconds: float) -> None:
        for name, load in offered.items():
            self._admitted += admitted_cores(load) - self._kept.get(name, 0.0)
            self._kept[name] = admitted_cores(load)
        admitted = self._cores.read(reading.at / SECOND, self._admitted)
        looked_at = sum(load.touched_records for load in offered.values() if load.can_drop)
        touched = self._touched.read(reading.at / SECOND, looked_at)
        # A little work says more about noise than about its cost; but where it is little because we drop, it counts.
        if admitted >= (0.0 if self._dropping else 0.05 * self._target):
            self._work.learn(reading.cpu_cores - self._idle, touched, admitted, seconds)
            self._holding.learn(self._work.factor, seconds, dropping=self._dropping)

    def _hold_back(self, offered: Mapping[str, InputLoad]) -> None:
        """Decide whether all who send are made to wait instead of being dropped from."""
        cores, settings = self._mean_cores(offered), self.settings
        if cores and all(load.waits_outside for load in offered.values() if load.can_drop):
            self._holding.look(
                touch=self._work.touch, factor=self._work.factor, cores=cores, share=settings.waiting_looks
            )
        else:
            self._holding.holds = False

    def _mean_cores(self, offered: Mapping[str, InputLoad]) -> float:
        """What a record of the droppable inputs takes by the model; 0 where none is due."""
        rates = {i: self._due[i] for i, load in offered.items() if load.can_drop}
        records = sum(rates.values())
        return sum(rate * offered[i].cores for i, rate in rates.items()) / records if records else 0.0

    def _looking(self, offered: Mapping[str, InputLoad]) -> tuple[float, float]:
        """Which part of the records of droppable inputs can be looked at, and the cores that it takes.

        Of a target B all could go into a = B/(f + g·c) records that are looked at and kept. With the share s of it for
        others, (1 − s)·a are kept and f·(1 − s)·a + s·B is spent on looking: what is beyond stays in the queue, and
        then its sender waits, or it is refused.
        """
        rates = {i: self._due[i] for i, load in offered.items() if load.can_drop}
        records, touch = sum(rates.values()), self._work.touch
        if not records:
            return 1.0, 0.0
        settings = self.settings
        shares = {i: settings.waiting_looks if offered[i].waits_outside else settings.looking_share for i in rates}
        share = sum(rate * shares[i] for i, rate in rates.items()) / records
        whole = touch + self._work.factor * self._mean_cores(offered)
        if self._holding.holds:
            return 1.0, min(records * touch, self._target * touch / whole)
        cores, most = records * touch, self._target * (share + (1.0 - share) * touch / whole)
        return (1.0, cores) if cores <= most else (most / cores, most)

    def _demand(self, reading: Reading, offered: Mapping[str, InputLoad]) -> tuple[float, float]:
        """Model cores that the last second's offer would take: of what can be dropped, and of what waits.

        What was offered is what came to the gate and what the queue before it grew by; the queue is to melt besides.
        """
        demand = waiting = 0.0
        self._depths.look(reading.at, offered)
        for name, load in offered.items():
            rate = self._offered.setdefault(name, Rate()).read(reading.at / SECOND, load.seen + load.waiting)
            if load.is_full:
                # Whoever sends has to wait: what is worked off is the least of what is offered, not what comes in.
                rate = max(rate, self._depths.looked[name])
            self._rate_of[name] = rate
            self._due[name] = rate + self._depths.behind(name, load.waiting) / self.settings.melt
            if load.can_drop:
                demand += self._due[name] * load.cores
            else:
                waiting += rate * load.cores
        return demand, waiting

    def _reserved(self, offered: Mapping[str, InputLoad], waiting: float, allowed: float) -> float:
        """Model cores kept for what waits: twice what it uses, so that it can grow, from a trickle to its share."""
        if all(load.can_drop for load in offered.values()):
            return 0.0
        return min(max(2.0 * waiting, 0.02 * allowed), self.settings.waiting_share * allowed)

    def _cpu_share(self, reading: Reading, offered: Mapping[str, InputLoad], demand: float, room: float) -> float:
        """`room / demand`, once it is sure that something must go: a prediction alone may be wrong by `margin`.

        A high reading alone says no more than that what fits just fits: something waits, too, where it does not, or the
        reading is beyond the budget, if other things than records take it.
        """
        excess, budget = demand / room, self.budget.cpu_cores
        waits = any(self._depths.behind(n, load.waiting, BEHIND) > 0 for n, load in offered.items() if load.can_drop)
        high = reading.cpu_cores >= (self.settings.evidence * self.settings.headroom if waits else 1.0) * budget
        high |= self._attained.cores is not None
        begins = (high and excess > 1.0 + self.settings.deadband) or excess >= self.settings.margin
        stays = self._waits or self._holding.holds
        self._dropping = excess > 1.0 and not stays and (self._dropping or begins)
        return 1.0 / excess if self._dropping else 1.0

    def _look(self, reading: Reading, offered: Mapping[str, InputLoad], demand: float, room: float) -> None:
        """Whether what is too much waits; once something was dropped, it goes on until all fits again."""
        pressed = {n: pressed_of(load, self._rate_of[n]) for n, load in offered.items() if load.can_drop}
        too_much = sum(p.offered for p in pressed.values()) > room
        self._patience.look(reading.at, {n: p.offered for n, p in pressed.items()}, too_much=too_much)
        waits = demand > room and bool(pressed) and self._patience.may_wait(reading.at, pressed, room)
        self._waits = waits and not self._dropping

    def _delays(
        self, offered: Mapping[str, InputLoad], rates: Mapping[str, Rates], room: float, taken: float
    ) -> dict[str, float]:
        """Records a second to work off of what waits, each by its share of the work; or of what can only be refused."""
        if self._holding.holds:
            return {}
        if not self._waits:
            paces = {i: r.pace for i, r in rates.items() if r.pace is not None}
            if taken < 1.0:
                paces |= {i: LEEWAY * taken * self._due[i] for i in rates if i not in paces}
            return paces
        work = {i: self._due[i] * offered[i].cores for i in rates}
        whole = sum(work.values())
        return {i: room * work[i] / whole / offered[i].cores for i in rates if work[i] > 0}

    def _rates(self, offered: Mapping[str, InputLoad], room: float, fraction: float, taken: float) -> dict[str, Rates]:
        """How much of each input is admitted, as its contracts need it, when `room` model cores are there for all.

        `taken`: which part of the records come to the gates.
        """
        dropped = {i: load for i, load in offered.items() if load.can_drop}
        if fraction >= 1.0:
            return {i: Rates() for i in dropped}
        if self._planned.still(fraction * taken, dropped.keys(), self.settings.deadband):
            return self._planned.rates
        rates = allocate(
            room,
            {i: offer_of(load, taken * self._due[i]) for i, load in dropped.items()},
            # A price in seconds, while all others are the model's.
            SIFTING / self._work.factor,
            held=self._planned.way,
        )
        self._planned = _Planned(fraction * taken, rates)
        return rates

    def _memory_share(self, reading: Reading, seconds: float) -> float:
        soft, hard = (s * self.budget.memory_bytes for s in (self.settings.memory_soft, self.settings.memory_hard))
        return self._memory.step(reading.memory_bytes, soft, hard, seconds, LOWEST_FRACTION, held=self._hold.holds)

    def _network_share(self, reading: Reading, seconds: float) -> float:
        bound = self.budget.network_bits
        target = None if bound is None else self.settings.headroom * bound
        used = reading.network_bits if reading.demanded_bits is None else reading.demanded_bits
        return self._network.step(used, target, seconds, LOWEST_FRACTION)

    def _refuses(self, reading: Reading, offered: Mapping[str, InputLoad], seconds: float) -> bool:
        """Above the hard limit; ends a little below it, so that one page more or less does not toggle it."""
        budget, queued = self.budget.memory_bytes, sum(load.queued_bytes for load in offered.values())
        hard = self.settings.memory_hard * budget
        release = hard * (1.0 - self.settings.deadband)
        return self._hold.step(reading.memory_bytes, queued, budget, hard, release, seconds)

    def _attain(self, reading: Reading, offered: Mapping[str, InputLoad], seconds: float) -> float:
        """Cores to aim at: the budget's, or what the machine gives, where a queue stands although less is used."""
        used, paces = reading.cpu_cores - self._idle, self._last.delays if self._last is not None else {}
        names, at = [n for n, load in offered.items() if load.can_drop], reading.at
        stands = any(self._depths.starves(n, at, paces.get(n)) for n in names)
        starved = stands and 0.0 < used < self.settings.evidence * self._target
        lags = any(self._depths.lags(n, at, paces.get(n)) for n in names)
        return self._attained.step(used, self._full, seconds, starved=starved, lags=lags)

    def _depths_of(
        self, at: int, offered: Mapping[str, InputLoad], delays: Mapping[str, float], fits: float
    ) -> dict[str, float]:
        """Records that may wait before each gate that drops, or that has been behind for a second.

        `fits`: which part of all could be looked at and kept: so much may come through, if not as much has yet. Where
        that is not all, and senders wait, no more comes in than that from the beginning on.
        """
        found = dict[str, float]()
        is_much = self._dropping or (self._holding.holds and fits < 1.0)
        for name, load in offered.items():
            if not load.can_drop or not (is_much or self._depths.stands(name, at)):
                continue
            pace = self._depths.looked[name]
            if is_much and not self._depths.stands(name, at):
                pace = delays.get(name, max(pace, fits * self._due[name]))
            patience = load.spec.patience / SECOND if self._waits else 0.0
            found[name] = pace * max(self.settings.standing, patience)
        return found

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
            delays = {i: self._still(last.delays.get(i), p) for i, p in new.delays.items()}
            stands = {i for i, f in fractions.items() if i in last.fractions and f == last.fractions[i]}
            admissions = {i: last.admissions.get(i, a) if i in stands else a for i, a in new.admissions.items()}
            same = (fractions, paces, delays, new.refuse) == (last.fractions, last.paces, last.delays, last.refuse)
            new = msgspec.structs.replace(
                new, fractions=fractions, paces=paces, delays=delays, admissions=admissions, changed=not same
            )
        self._last = new
        return new

    def _still(self, before: float | None, now: float) -> float:
        """`before`, unless the change is worth it; all is admitted again without delay."""
        if before is None or now == 1.0 or abs(now - before) > self.settings.deadband * before:
            return now
        return before
