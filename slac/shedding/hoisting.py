"""How much of each class is decoded where classes can be told apart before: of some ways the one of least error.

For one result the fractions of classes are as Neyman (JRSS 1934) has them, in proportion to how far the values of each
are apart, up to all of it. Results differ in what they need, so the fractions of each are tried, and what all alike
would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from slac.shedding.admission import LOWEST_FRACTION
from slac.shedding.profile import Floats

ALIKE: Final = 0.25
"""The part of the room that is given to all classes alike: a result that is not the neediest needs some, too."""


def told(classes: Sequence[int], conditions: Iterable[int]) -> list[bool]:
    """Which classes (conditions as bits) meet a condition that can be told before records are decoded."""
    bits = sum(1 << n for n in conditions)
    return [bool(one & bits) for one in classes]


def chosen(
    share: float, mass: Floats, apart: Sequence[bool], wishes: Iterable[Floats], error: Callable[[Floats], float]
) -> tuple[Floats, float]:
    """The fraction of each class, and the error that it leaves, where a `share` of all events is decoded.

    `mass`: by class its share of the events; `apart`: which are told before, all others pass alike. `wishes`: of each
    result by class how far values are apart.
    """
    even = np.full(len(mass), share)
    best, least = even, error(even)
    if not any(apart):
        return best, least
    for wish in wishes:
        found = _divided(share, mass, _together(wish, mass, apart))
        if (off := error(found)) < least and _can_be(found, apart):
            best, least = found, off
    return best, least


def _can_be(shares: Floats, apart: Sequence[bool]) -> bool:
    """Whether nothing passes more often than what is told apart: all else would have to be decoded first."""
    return all(apart) or bool(shares[np.array(apart)].min() >= shares[~np.array(apart)].max())


def _together(wish: Floats, mass: Floats, apart: Sequence[bool]) -> Floats:
    """The same for all classes that are not told apart: what they need together."""
    others = ~np.array(apart)
    total = float(mass[others].sum())
    if total <= 0:
        return wish
    return np.where(others, np.sqrt(float((mass * wish * wish)[others].sum()) / total), wish)


def _divided(share: float, mass: Floats, wish: Floats) -> Floats:
    """Fractions in proportion to wishes, none over 1, of which the mean is the share."""
    found = np.full(len(mass), max(ALIKE * share, LOWEST_FRACTION))
    for _ in mass:
        open_ = (found < 1.0) & (wish > 0)
        # What nobody wishes goes to all that are left.
        weights = np.where(open_, wish, 0.0) if open_.any() else np.where(found < 1.0, 1.0, 0.0)
        left, needed = share - float((mass * found).sum()), float((mass * weights).sum())
        if left <= 1e-12 or needed <= 0:
            break
        found = np.minimum(found + weights * (left / needed), 1.0)
    return found
