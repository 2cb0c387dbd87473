"""What the controller is told of each input, and what the plans of rates and of patience need of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from slac.plan.shedding import GateSpec
from slac.shedding.admission import LEVELS, Admission, packed, weight_of
from slac.shedding.patience import Pressed
from slac.shedding.profile import Profile
from slac.shedding.rates import Offer, Rates
from slac.stream.batch import WEIGHT_ONE

UNKNOWN_COST: Final = 2e-6
"""CPU seconds a record where no model says; the controller learns by what factor it is wrong."""
READING_PART: Final = 0.25
"""The part of it that goes into decoding, where no model says."""
CARRIED: Final = 0.25
"""Where more rows than this are needed to carry the counts of dropped events, they are not counted: it saves little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLoad:
    """An input as it stands: records offered and admitted since the start, and CPU seconds a record by the model.

    `seen`: records that came to the gate or were refused; `waiting`: records queued before the gate now (an estimate
    will do). `cost` 0 is not known; `reading` is what of it goes into decoding. `can_drop` is False for what can wait
    and for `shed: never`: it gets a pace. `touched`: records that came to the gate (None: all that were seen), `read`:
    those that were decoded, and `passed`: rows that left the gate (None: as many as were kept). `carried`: rows that
    carry nothing but counts, for each event that was dropped and counted. `told`: conditions that the gate can tell of
    records before they are decoded. `queue`: records that may wait, by
    their bytes. `burst`: seconds that a burst is declared to last. `queued_bytes`: in memory, before the gate.
    `waits_outside`: what is not fetched waits with who sends it, and is not lost. `is_full`: there is no room for more.
    """

    seen: int
    kept: int
    cost: float = 0.0
    can_drop: bool = True
    waiting: float = 0.0
    reading: float | None = None
    touched: int | None = None
    read: int | None = None
    passed: int | None = None
    spec: GateSpec = field(default_factory=GateSpec)
    profile: Profile = field(default_factory=Profile)
    carried: float = 0.0
    told: tuple[int, ...] = ()
    queue: float = 0.0
    burst: float | None = None
    queued_bytes: int = 0
    waits_outside: bool = False
    is_full: bool = False

    @property
    def cores(self) -> float:
        """CPU seconds a record, by the model or by default."""
        return self.cost or UNKNOWN_COST

    @property
    def touched_records(self) -> int:
        """Records that came to the gate since the start."""
        return self.seen if self.touched is None else self.touched

    @property
    def reading_cores(self) -> float:
        """CPU seconds to decode a record."""
        return READING_PART * self.cores if self.reading is None else min(self.reading, self.cores)


def admitted_cores(load: InputLoad) -> float:
    """Model core seconds for all that was admitted since the start."""
    read = load.kept if load.read is None else load.read
    passed = load.kept if load.passed is None else load.passed
    return load.reading_cores * read + (load.cores - load.reading_cores) * passed


def offer_of(load: InputLoad, rate: float) -> Offer:
    """For the plan of rates; `rate`: records a second, those that are to melt among them."""
    counted = load.spec.groups is not None and load.carried <= CARRIED
    return Offer(
        rate=rate,
        reading=load.reading_cores,
        passing=load.cores - load.reading_cores,
        spec=load.spec,
        profile=load.profile,
        carried=load.carried if counted else None,
        told=load.told,
    )


def pressed_of(load: InputLoad, rate: float) -> Pressed:
    """For the question whether it may wait; `rate`: records a second."""
    return Pressed(
        offered=rate * load.cores,
        queued=load.waiting * load.cores,
        room=load.queue * load.cores,
        patience=load.spec.patience,
        burst=load.burst,
    )


def admission_of(rates: Rates, load: InputLoad) -> Admission:
    """What the gate is told; counts only where nothing is dropped unread, and few rows carry them."""
    unread = weight_of(rates.unread)
    hoisted = {one: w for one, p in rates.hoisted.items() if (w := weight_of(p)) < unread}
    forced = load.spec.contract.mode == "subset"
    counts = load.spec.groups is not None and unread == WEIGHT_ONE and (forced or load.carried <= CARRIED)
    classes = {one: tuple(weight_of(float(p)) for p in shares) for one, shares in rates.classes.items()}
    thinned = {one: w for one, w in classes.items() if max(w) > WEIGHT_ONE}
    levels = "" if rates.levels is None else packed(np.minimum(rates.levels, LEVELS - 1))
    if hoisted:
        return Admission(unread=unread, hoisted=hoisted)
    return Admission(unread=unread, classes=thinned, levels=levels, whole=_whole(rates.whole), counts=counts)


def _whole(fraction: float) -> int:
    """In steps of a quarter of an octave, downwards: with each of them some keys begin or end in the middle."""
    return WEIGHT_ONE if fraction >= 1.0 else weight_of(2.0 ** (math.floor(4.0 * math.log2(fraction)) / 4.0))
