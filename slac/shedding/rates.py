"""How much of each class and size of group is admitted: so that the largest error over all contracts is the least.

A result over N events of which each passes with probability p has a relative error of z·√(v(1 − p)/(pN)), where v is
σ²/μ² of its values, and one more where it is not known how many there were: an error e needs p = 1/(1 + N·e²/(z²·v)).
All errors are scaled by one factor, the least with which what is admitted fits into the room that there is (Babcock,
Datar and Motwani, ICDE 2004: one largest error for all, found by bisection, because what is used falls as it grows).
What several need is admitted as the one asks that needs most. A group of fewer than ln(2/δ)·v/(2e²) events is not
thinned at all: below that not even Hoeffding's bound holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.plan.shedding import GateNeed, GateSpec
from slac.shedding.admission import LOWEST_FRACTION
from slac.shedding.profile import Floats, Profile, levels_of
from slac.stream.clock import SECOND

USUAL_ERROR: Final = 0.05
"""What a contract without a bound counts as, beside those that have one."""
READING_SHARE: Final = 0.75
"""The most of what there is that goes into decoding what may then be dropped: counts are exact as long as it is enough,
and a quarter is left for what is made of the events."""
ROUNDS: Final = 24
_SMALLEST, _LARGEST = 1e-3, 1e4

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An input that is dropped from: events a second, and model cores for one that is decoded, and one that passes.

    `carried`: rows that only carry counts, for each event that is dropped.
    """

    rate: float
    reading: float
    passing: float
    spec: GateSpec = field(default_factory=GateSpec)
    profile: Profile = field(default_factory=Profile)
    carried: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What is admitted of one input.

    `unread`: of the records, before they are decoded. `whole`: of keys or windows, where these are dropped as a whole.
    `classes`: by class the share for each size of group, whose sizes are `levels`. `fraction`: of all events. `error`:
    the largest relative error among its contracts, None where there is nothing to say. `pace`: records a second that
    may be decoded at all, where none may be dropped unread and there are too many: what is more is refused.
    """

    unread: float = 1.0
    whole: float = 1.0
    classes: Mapping[int, Floats] = field(default_factory=dict)
    levels: Levels | None = None
    fraction: float = 1.0
    error: float | None = None
    pace: float | None = None


def allocate(room: float, offers: Mapping[str, Offer]) -> dict[str, Rates]:
    """Admit as much of all `offers` as fits into `room` (model cores), each as its contracts need it."""
    paces = _paces(room, offers)
    offers = {n: replace(o, rate=min(o.rate, paces.get(n, o.rate))) for n, o in offers.items()}
    unread = _unread(room, offers)
    left = room - sum(o.rate * o.reading * unread[n] for n, o in offers.items())
    shops = {n: _Shop(o, unread[n]) for n, o in offers.items()}
    scale = _scale(left, _together(shops))
    return {n: replace(s.rates(scale, unread[n]), pace=paces.get(n)) for n, s in shops.items()}


def _paces(room: float, offers: Mapping[str, Offer]) -> dict[str, float]:
    """Of inputs of which nothing may be dropped unread, where reading them alone would take too much."""
    forced = {n: o for n, o in offers.items() if not o.spec.may_drop_unread}
    reading = sum(o.rate * o.reading for o in forced.values())
    if reading <= READING_SHARE * room:
        return {}
    return {n: o.rate * READING_SHARE * room / reading for n, o in forced.items()}


def _unread(room: float, offers: Mapping[str, Offer]) -> dict[str, float]:
    """Which share of the records is decoded: all, unless that would leave too little for what is made of them."""
    forced = sum(o.rate * o.reading for o in offers.values() if not o.spec.may_drop_unread)
    free = {n: o for n, o in offers.items() if o.spec.may_drop_unread}
    reading = sum(o.rate * o.reading for o in free.values())
    whole = sum(o.rate * (o.reading + o.passing) for o in free.values())
    there = max(room - forced, 0.05 * room)
    share = 1.0
    if reading > READING_SHARE * there:
        share = max(there / whole, READING_SHARE * there / reading)
    plain = min(1.0, there / whole) if whole > 0 else 1.0
    found = {n: min(1.0, share) if _tells_apart(o) else plain for n, o in free.items()}
    return {n: max(found.get(n, 1.0), LOWEST_FRACTION) for n in offers}


def _tells_apart(offer: Offer) -> bool:
    """Whether anything is gained by decoding what is then dropped."""
    return bool(offer.spec.strata or offer.spec.groups is not None or any(n.groups for n in offer.spec.needs))


def _together(shops: Mapping[str, _Shop]) -> list[_Shop]:
    """The gates of one name use one threshold: that of the one which may admit least, so the others follow it."""
    shared: dict[str, list[_Shop]] = {}
    for shop in shops.values():
        if shop.offer.spec.shared:
            shared.setdefault(shop.offer.spec.shared, []).append(shop)
    for several in shared.values():
        for shop in several:
            shop.partners = several
    return list(shops.values())


def _scale(room: float, shops: Sequence[_Shop]) -> float:
    """The least factor for all errors with which what passes fits."""
    if sum(s.cost(_SMALLEST) for s in shops) <= room:
        return _SMALLEST
    low, high = math.log(_SMALLEST), math.log(_LARGEST)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        fits = sum(s.cost(math.exp(middle)) for s in shops) <= room
        low, high = (low, middle) if fits else (middle, high)
    return math.exp(high)


@dataclass(frozen=True, slots=True)
class _Target:
    """A need as it is planned for: its classes (rows), events of one result by level, and the p that an error takes."""

    rows: npt.NDArray[np.int64]
    number: Floats
    variation: float
    error: float
    z: float
    bound: float

    def share(self, scale: float) -> Floats:
        """The fraction of each size of group that keeps the error, scaled."""
        square = (self.error * scale) ** 2
        needed = 1.0 / (1.0 + self.number * square / (self.z * self.z * self.variation))
        return np.where(self.number <= self.bound * self.variation / (2 * square), 1.0, needed)


class _Shop:
    """One input while it is planned."""

    def __init__(self, offer: Offer, unread: float) -> None:
        self.offer = offer
        self.partners: list[_Shop] = []
        self._rate = offer.rate * unread
        self.classes, shares = offer.profile.shares()
        self.levels = levels_of(shares.sum(axis=0) * offer.rate)
        count = int(self.levels.max(initial=0)) + 1
        used = shares.sum(axis=0) > 0
        groups = np.maximum(np.bincount(self.levels[used], minlength=count), 1)
        self._mass = np.stack([np.bincount(self.levels, weights=row, minlength=count) for row in shares])
        self._each = self._mass * offer.rate / groups
        self._whole = bool(offer.spec.key) or offer.spec.windows is not None
        self._targets = [t for i, n in enumerate(offer.spec.needs) if (t := self._target(i, n)) is not None]
        self._kept = [np.array(r) for n in offer.spec.needs if n.keep and (r := self._rows(n))]

    def _rows(self, need: GateNeed) -> list[int]:
        bits = sum(1 << n for n in need.reads)
        return [i for i, c in enumerate(self.classes) if c & bits == bits]

    def _target(self, index: int, need: GateNeed) -> _Target | None:
        rows = self._rows(need)
        if not rows or need.keep or (need.exact and not self._whole):
            return None
        number = self._each[rows].sum(axis=0) if need.groups else np.full(self._mass.shape[1], self._alone(rows))
        contract = need.contract
        variation = self.offer.profile.squared_variation(index, [self.classes[r] for r in rows])
        counted = self.offer.spec.groups is not None and need.value is not None
        return _Target(
            rows=np.array(rows),
            number=number * max(need.window, SECOND) / SECOND,
            variation=max(variation if counted else variation + 1.0 if need.value is not None else 1.0, 1e-6),
            error=(contract.error or USUAL_ERROR) / contract.priority,
            z=NormalDist().inv_cdf(0.5 + contract.confidence / 2),
            bound=math.log(2.0 / (1.0 - contract.confidence)),
        )

    def _alone(self, rows: list[int]) -> float:
        return float(self._mass[rows].sum()) * self.offer.rate

    def shares(self, scale: float) -> Floats:
        """The fraction by class and level."""
        found = np.full(self._mass.shape, LOWEST_FRACTION)
        for target in self._targets:
            found[target.rows] = np.maximum(found[target.rows], target.share(scale))
        if not self._targets and not self._kept:
            found[:] = max(1.0 / (1.0 + scale), LOWEST_FRACTION)
        for rows in self._kept:
            # Every one of them is a result: they go last, when all others are at their least.
            found[rows] = max(1.0 / (1.0 + scale / 1e3), LOWEST_FRACTION)
        return found

    def whole(self, scale: float) -> float:
        """The fraction of keys or windows: what the neediest needs, and with partners what the least of them admits."""
        several = self.partners or [self]
        return min(float((s.shares(scale) * s.presence).sum()) for s in several)

    @property
    def presence(self) -> Floats:
        """The share of all events by class and level."""
        return self._mass

    def cost(self, scale: float) -> float:
        """Model cores for what passes."""
        passed = self.whole(scale) if self._whole else float((self.shares(scale) * self._mass).sum())
        return self._rate * (passed + (1.0 - passed) * self.offer.carried) * self.offer.passing

    def rates(self, scale: float, unread: float) -> Rates:
        """What comes out at this scale."""
        error = max((t.error * scale for t in self._targets), default=None)
        if scale <= _SMALLEST:
            return Rates(unread=unread, fraction=unread, error=error if unread < 1.0 else None)
        if self._whole:
            whole = self.whole(scale)
            return Rates(unread=unread, whole=whole, fraction=whole * unread, error=error)
        shares = self.shares(scale)
        return Rates(
            unread=unread,
            classes=dict(zip(self.classes, shares, strict=True)),
            levels=self.levels,
            fraction=unread * float((shares * self._mass).sum()),
            error=error,
        )
