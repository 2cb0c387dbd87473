"""How much of each input, class and size of group is admitted: so that the largest error over all contracts is least.

A result over N events of which each passes with probability p has a relative error of z·√(v(1 − p)/(pN)), where v is
σ²/μ² of its values, and one more where it is not known how many there were: an error e needs p = 1/(1 + N·e²/(z²·v)).
All errors are scaled by one factor, the least with which what is admitted fits into the room that there is (Babcock,
Datar and Motwani, ICDE 2004: one largest error for all, found by bisection, because what is used falls as it grows).
What several need is admitted as the one asks that needs most. A group of fewer than ln(2/δ)·v/(2e²) events is not
thinned at all: below that not even Hoeffding's bound holds.

Before that it is chosen how much is decoded: to tell the class of an event costs about as much as to decode it, so
where there is far too much, or little is made of an event, dropping records unread leaves more. Of some ways the one
with the least error is taken. Readings scatter, and so does the room: any other way than the one that holds must be
the best in somewhat less room as well, for where ways change no window is counted as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from slac.shedding.admission import LOWEST_FRACTION
from slac.shedding.shops import SIFTING, Offer, Rates, Shop, partners

__all__ = ["Offer", "Rates", "allocate"]

READING_SHARE: Final = 0.75
"""The most of what there is that goes into decoding what may then be dropped."""
WAYS: Final = 4
"""Ways between decoding all, and as much as can pass."""
AWAY: Final = 0.2
"""The part of the room that ways are judged without, unless they hold: twice what a reading scatters by."""
WASTE: Final = 0.2
"""The most of the room that goes into decoding what then neither passes nor is counted, and could be dropped unread: of
what there is, most goes into events that are kept."""
ROUNDS: Final = 16
_SMALLEST, _LARGEST = 1e-3, 1e4


@dataclass(frozen=True, slots=True)
class _Way:
    """How much of each input is decoded, and by what errors are scaled.

    `number`: 0 where all that is decoded passes, then from all that is decoded on to ever less, which is sifted.
    """

    number: int
    unread: Mapping[str, float]
    scale: float
    bare: float

    @property
    def sifted(self) -> bool:
        """Whether less passes than is decoded."""
        return self.number > 0

    @property
    def error(self) -> float:
        """What ways are compared by."""
        return max(self.scale, self.bare)


def allocate(
    room: float, offers: Mapping[str, Offer], sifting: float = SIFTING, *, held: int | None = None
) -> dict[str, Rates]:
    """Admit as much of all `offers` as fits into `room` (model cores), each as its contracts need it.

    `sifting`: model cores to tell the class of a decoded record. `held`: the way that was taken last, which is left
    only for one that is better in less room too.
    """
    paces = _paces(room, offers)
    shops = {n: Shop(replace(o, rate=min(o.rate, paces.get(n, o.rate)))) for n, o in offers.items()}
    way = _chosen(room, shops, sifting, held)
    whole = _whole(shops, way.scale)
    scale = way.scale if way.sifted else max(way.scale, way.bare)
    made = {
        n: s.rates(scale, way.unread[n], whole.get(n), sifted=way.sifted and s.offer.tells_apart)
        for n, s in shops.items()
    }
    return {n: replace(r, pace=paces.get(n), way=way.number) for n, r in made.items()}


def _paces(room: float, offers: Mapping[str, Offer]) -> dict[str, float]:
    """Of inputs of which nothing may be dropped unread, where reading them alone would take too much."""
    forced = {n: o for n, o in offers.items() if not o.spec.may_drop_unread}
    reading = sum(o.rate * o.reading for o in forced.values())
    if reading <= READING_SHARE * room:
        return {}
    return {n: o.rate * READING_SHARE * room / reading for n, o in forced.items()}


def _chosen(room: float, shops: Mapping[str, Shop], sifting: float, held: int | None) -> _Way:
    """The way with the least error; the one that holds, unless another is better with less room too."""
    best: _Way | None = None
    for number in _numbers(room, shops):
        own = room if held in (None, number) else (1.0 - AWAY) * room
        way = _way(number, own, shops, sifting, below=math.inf if best is None else best.error)
        if way is not None and (best is None or (way.error < best.error and way.scale < _LARGEST)):
            best = way
    assert best is not None
    return best if held in (None, best.number) else _way(best.number, room, shops, sifting) or best


def _numbers(room: float, shops: Mapping[str, Shop]) -> range:
    """Of ways: as much decoded as can pass, and where that tells anything, more of it, of which less passes."""
    more = _plain(room, shops) < 1.0 and any(s.offer.tells_apart for s in shops.values())
    return range(1 + WAYS if more else 1)


def _plain(room: float, shops: Mapping[str, Shop]) -> float:
    """The share that fits where all that is decoded passes."""
    forced = sum(s.offer.rate * s.offer.reading for s in shops.values() if not s.offer.spec.may_drop_unread)
    whole = sum(s.offer.rate * (s.offer.reading + s.offer.passing) for s in shops.values() if _is_free(s))
    return min(max(room - forced, LOWEST_FRACTION * room) / whole, 1.0) if whole > 0 else 1.0


def _is_free(shop: Shop) -> bool:
    return shop.offer.spec.may_drop_unread


def _way(
    number: int, room: float, shops: Mapping[str, Shop], sifting: float, *, below: float = math.inf
) -> _Way | None:
    """One way: a share of all that may be dropped unread is decoded, and what tells nothing passes as it is.

    None where too much is decoded for nothing, or its error is seen at once not to be below a bound: to find it takes
    many times as long.
    """
    plain = _plain(room, shops)
    sifted = number > 0
    share = plain ** ((number - 1) / WAYS) if sifted else plain
    unread = {
        n: max((share if s.offer.tells_apart else plain) if _is_free(s) else 1.0, LOWEST_FRACTION)
        for n, s in shops.items()
    }
    told = sifting if sifted else 0.0
    reading = sum(s.offer.rate * unread[n] * (s.offer.reading + _sift(s, told)) for n, s in shops.items())
    bare = max((s.scale_at(unread[n], sifted=sifted) for n, s in shops.items() if _is_free(s)), default=0.0)
    left = room - reading
    if math.isfinite(below) and (
        bare >= below or _cost(min(below, _LARGEST), shops, unread, sifted=sifted) > _enough(left)
    ):
        return None
    way = _Way(number, unread, _scale(left, shops, unread, sifted=sifted), bare)
    return way if _wasted(way, shops, told) <= WASTE * room else None


def _wasted(way: _Way, shops: Mapping[str, Shop], sifting: float) -> float:
    """Model cores for decoding what neither passes nor is counted, though it could be dropped unread."""
    wasted = 0.0
    for name, shop in shops.items():
        unread, offer = way.unread[name], shop.offer
        is_counted = unread >= 1.0 and offer.carried is not None
        if way.sifted and offer.tells_apart and _is_free(shop) and not is_counted:
            gone = 1.0 - shop.passed(way.scale, unread)
            wasted += offer.rate * unread * gone * (offer.reading + sifting)
    return wasted


def _sift(shop: Shop, sifting: float) -> float:
    return sifting if shop.offer.tells_apart or shop.is_whole else 0.0


def _cost(scale: float, shops: Mapping[str, Shop], unread: Mapping[str, float], *, sifted: bool) -> float:
    """Model cores for what passes, where all errors are scaled so."""
    whole = _whole(shops, scale)
    passed = (
        s.passing(scale, unread[n], whole.get(n) if s.is_whole else None if sifted and s.offer.tells_apart else 1.0)
        for n, s in shops.items()
    )
    return sum(passed)


def _enough(left: float) -> float:
    """What is decoded plainly fits by its share already, but for the last digits."""
    return left * (1.0 + 1e-9) + 1e-12


def _scale(left: float, shops: Mapping[str, Shop], unread: Mapping[str, float], *, sifted: bool) -> float:
    """The least factor for all errors with which what passes fits."""

    def cost(scale: float) -> float:
        return _cost(scale, shops, unread, sifted=sifted)

    if cost(_SMALLEST) <= _enough(left):
        return _SMALLEST
    low, high = math.log(_SMALLEST), math.log(_LARGEST)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(math.exp(middle)) <= left else (middle, high)
    return math.exp(high)


def _whole(shops: Mapping[str, Shop], scale: float) -> dict[str, float]:
    """By input the share of its keys or windows; gates of one name admit what the one admits that admits least."""
    return {n: min(s.whole(scale) for s in several) for n, several in partners(shops).items()}
