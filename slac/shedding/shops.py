"""One input while rates are planned: how many of its events each contract needs for an error, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.plan.shedding import GateNeed, GateSpec
from slac.shedding.admission import LOWEST_FRACTION
from slac.shedding.hoisting import chosen, told
from slac.shedding.profile import Floats, Profile, levels_of
from slac.stream.clock import SECOND

USUAL_ERROR: Final = 0.05
"""What a contract without a bound counts as, beside those that have one."""
SIFTING: Final = 3e-7
"""CPU seconds to tell the class and group of a decoded record; of the same order on every machine that runs Polars."""
LAST: Final = 1e3
"""Where single events are results, they are thinned only when all other errors have grown by so much."""

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An input that is dropped from: events a second, and model cores for one that is decoded, and one that passes.

    `carried`: rows that only carry counts, for each event that is dropped; None: what is dropped is not counted.
    `told`: conditions (strata) that can be told before records are decoded.
    """

    rate: float
    reading: float
    passing: float
    spec: GateSpec = field(default_factory=GateSpec)
    profile: Profile = field(default_factory=Profile)
    carried: float | None = None
    told: tuple[int, ...] = ()

    @property
    def tells_apart(self) -> bool:
        """Whether decoding tells more of an event than that it is one."""
        return bool(self.spec.strata or self.spec.groups is not None or any(n.groups for n in self.spec.needs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What is admitted of one input.

    `unread`: of the records, before they are decoded; `hoisted` by class that of those that are told before. `whole`:
    of keys or windows, where these are dropped as a whole.
    `classes`: by class the share for each size of group, whose sizes are `levels`. `fraction`: of all events. `error`:
    the largest relative error among its contracts, None where there is nothing to say. `pace`: records a second that
    may be decoded at all, where none may be dropped unread and there are too many: what is more is refused. `way`: that
    of choosing what is decoded which was taken, for all inputs.
    """

    unread: float = 1.0
    hoisted: Mapping[int, float] = field(default_factory=dict)
    whole: float = 1.0
    classes: Mapping[int, Floats] = field(default_factory=dict)
    levels: Levels | None = None
    fraction: float = 1.0
    error: float | None = None
    pace: float | None = None
    way: int | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    """A need as it is planned for: its classes (rows), events of one result by level, and the p that an error takes.

    `exact`: nothing is needed for it where the gate counts. `parts`: by class its share of these events, and `spread`
    how far its values are apart, relative to all of them.
    """

    rows: npt.NDArray[np.int64]
    parts: Floats
    spread: Floats
    number: Floats
    variation: float
    error: float
    z: float
    bound: float
    exact: bool

    def share(self, scale: float) -> Floats:
        """The fraction of each class and size of group that keeps the error, scaled."""
        square, number = (self.error * scale) ** 2, np.maximum(self.number, 1e-9)
        # Means of windows differ as well, and where one is small an error is large: E[μ²/μ_w²] is about 1 + 3v/N.
        varied = self.variation * (1.0 + 3.0 * np.minimum(self.variation / number, 1.0))
        needed = divided(number * square / (self.z * self.z * varied), self.parts, self.spread)
        # Of values that hardly differ a few are enough, but of nothing no error is known.
        needed = np.maximum(needed, np.minimum(self.bound / number / max(scale, 1.0) ** 2, 1.0))
        return np.where(self.number <= self.bound * self.variation / (2 * square), 1.0, needed)

    def scale(self, shares: Floats, there: npt.NDArray[np.bool_]) -> float:
        """By how much the error is scaled where so much of every group passes, by class."""
        mine, number = shares[self.rows], np.maximum(self.number[there], 1e-9)
        odds, share = (1.0 - mine) / mine, float((self.parts * mine).sum())
        if (mine != mine[0]).any():
            odds = self.parts * self.spread * self.spread * odds * len(mine)
        spread = self.z * np.sqrt(self.variation * float(odds.mean()) / number) / self.error
        # Of a group too small to be thinned at all the error is that of the next larger one.
        spread = np.maximum(spread, _beyond(np.sqrt(self.bound / (share * number))))
        large = number > self.bound * self.variation / 2
        return float(np.where(large, spread, 0.0).max(initial=0.0)) or float(spread.min(initial=math.inf))


def divided(odds: Floats, parts: Floats, spread: Floats) -> Floats:
    """Fractions by class (rows) and level that keep an error with the fewest events (Neyman 1934).

    `odds`: by level what (1 − p)/p may be, were all classes kept alike; a class has a share of the events (`parts`),
    and values that are so far apart (`spread`, relative to all). One whose values are k times as far apart is kept k
    times as often, up to all of it; then the others leave open as much as all may.
    """
    if (spread == spread[0]).all():
        return np.broadcast_to(1.0 / (1.0 + odds), (len(parts), len(odds)))
    found: Floats = np.ones((len(parts), len(odds)))
    thinned = found > 0
    one, two = (parts * spread)[:, None], (parts * spread * spread)[:, None]
    for _ in parts:
        factor = (thinned * one).sum(axis=0) / np.maximum(odds + (thinned * two).sum(axis=0), 1e-12)
        found = np.where(thinned, spread[:, None] * factor, 1.0)
        thinned &= found < 1.0
    return np.minimum(found, 1.0)


def _beyond(scale: Floats) -> Floats:
    """By what fewer events than make it likely that there is one scale errors; nothing where there are enough."""
    return np.where(scale > 1.0, scale, 0.0)


class Shop:
    """One input; `unread` is chosen for all of them, then one scale of errors."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.classes, shares = offer.profile.shares()
        self.levels = levels_of(shares.sum(axis=0) * offer.rate)
        count = int(self.levels.max(initial=0)) + 1
        used = shares.sum(axis=0) > 0
        groups = np.maximum(np.bincount(self.levels[used], minlength=count), 1)
        self._mass: Floats = np.stack([np.bincount(self.levels, weights=row, minlength=count) for row in shares])
        self._each = self._mass * offer.rate / groups
        self.is_whole = bool(offer.spec.key) or offer.spec.windows is not None
        self._targets = [t for i, n in enumerate(offer.spec.needs) if (t := self._target(i, n)) is not None]
        self._kept = [np.array(r) for n in offer.spec.needs if n.keep and (r := self._rows(n))]

    def _rows(self, need: GateNeed) -> list[int]:
        bits = sum(1 << n for n in need.reads)
        return [i for i, c in enumerate(self.classes) if c & bits == bits]

    def _target(self, index: int, need: GateNeed) -> _Target | None:
        rows = self._rows(need)
        if not rows or need.keep:
            return None
        alone = float(self._mass[rows].sum()) * self.offer.rate
        number: Floats = self._each[rows].sum(axis=0) if need.groups else np.full(self._mass.shape[1], alone)
        contract = need.contract
        variation, apart = 1.0, np.ones(len(rows))
        if need.value is not None:
            profile, classes = self.offer.profile, [self.classes[r] for r in rows]
            unknown = 0.0 if self.offer.carried is not None else 1.0
            variation = profile.squared_variation(index, classes) + unknown
            apart = np.array(profile.squared_distances(index, classes)) + unknown
        parts = self._mass[rows].sum(axis=1)
        return _Target(
            rows=np.array(rows),
            parts=parts / max(float(parts.sum()), 1e-12),
            spread=np.sqrt(np.maximum(apart, 1e-6) / max(variation, 1e-6)),
            number=number * max(need.window, SECOND) / SECOND,
            variation=max(variation, 1e-6),
            error=(contract.error or USUAL_ERROR) / contract.priority,
            z=NormalDist().inv_cdf(0.5 + contract.confidence / 2),
            bound=math.log(2.0 / (1.0 - contract.confidence)),
            exact=need.exact and not self.is_whole and self.offer.carried is not None,
        )

    def _open(self, unread: float) -> list[_Target]:
        """What must be planned for: where all is decoded, the gate's own counts answer some."""
        return [t for t in self._targets if not (t.exact and unread >= 1.0)]

    def shares(self, scale: float, unread: float) -> Floats:
        """The fraction by class and level, of what is decoded."""
        found: Floats = np.full(self._mass.shape, LOWEST_FRACTION)
        targets = self._open(unread)
        for target in targets:
            found[target.rows] = np.maximum(found[target.rows], target.share(scale))
        if not self._targets and not self._kept:
            found[:] = max(1.0 / (1.0 + scale), LOWEST_FRACTION)
        for rows in self._kept:
            # Every one of them is a result: they go last, when all others are at their least.
            found[rows] = max(1.0 / (1.0 + scale / LAST), LOWEST_FRACTION)
        return np.minimum(found / unread, 1.0)

    def whole(self, scale: float) -> float:
        """The fraction of keys or windows that the neediest contract asks for."""
        return float((self.shares(scale, 1.0) * self._mass).sum())

    def passed(self, scale: float, unread: float) -> float:
        """The part of what is decoded that passes."""
        return float((self.shares(scale, unread) * self._mass).sum())

    def passing(self, scale: float, unread: float, whole: float | None) -> float:
        """Model cores for what passes, of what is decoded."""
        passed = whole if whole is not None else self.passed(scale, unread)
        rows = passed + (1.0 - passed) * (self.offer.carried or 0.0)
        return self.offer.rate * unread * rows * self.offer.passing

    def scale_at(self, unread: float, *, sifted: bool) -> float:
        """By how much errors are scaled where so much is decoded and all of that passes, unless it is sifted."""
        if unread >= 1.0:
            return 0.0
        if not self._targets:
            return 1.0 / unread - 1.0
        if sifted:
            return self._error(np.full(len(self.classes), unread))
        return self._decoded(unread)[1]

    def _error(self, shares: Floats) -> float:
        """By how much errors are scaled where so much of each class passes."""
        there = self._mass.sum(axis=0) > 0
        return max(t.scale(shares, there) for t in self._targets)

    def _decoded(self, unread: float) -> tuple[Floats, float]:
        """By class how much is decoded, if that is so much of all, and by how much errors are scaled then."""
        mass, apart = self._mass.sum(axis=1), told(self.classes, self.offer.told)
        if not self._targets or not any(apart):
            even = np.full(len(mass), unread)
            return even, self._error(even) if self._targets else 0.0
        wishes = []
        for target in self._targets:
            wish = np.zeros(len(mass))
            wish[target.rows] = target.spread
            wishes.append(wish)
        return chosen(unread, mass, apart, wishes, self._error)

    def rates(self, scale: float, unread: float, whole: float | None, *, sifted: bool) -> Rates:
        """What comes out."""
        error = max((t.error * scale for t in self._open(unread)), default=None)
        if whole is not None:
            return Rates(unread=unread, whole=whole, fraction=whole * unread, error=error if whole < 1.0 else None)
        if not sifted:
            shares, _ = self._decoded(unread)
            usual = min(float(shares.min()), unread)
            hoisted = {one: float(p) for one, p in zip(self.classes, shares, strict=True) if p > usual}
            return Rates(unread=usual, hoisted=hoisted, fraction=unread, error=error if unread < 1.0 else None)
        shares = self.shares(scale, unread)
        return Rates(
            unread=unread,
            classes=dict(zip(self.classes, shares, strict=True)),
            levels=self.levels,
            fraction=unread * float((shares * self._mass).sum()),
            error=error,
        )


def partners(shops: Mapping[str, Shop]) -> dict[str, Sequence[Shop]]:
    """By input those whose gates use one threshold with its own, itself among them; nothing for all others."""
    shared: dict[str, list[Shop]] = {}
    for shop in shops.values():
        if shop.is_whole:
            shared.setdefault(shop.offer.spec.shared or str(id(shop)), []).append(shop)
    return {n: shared[s.offer.spec.shared or str(id(s))] for n, s in shops.items() if s.is_whole}
