"""Weighted sums of powers that no order changes: what a row adds is rounded once, to a unit that fits its magnitude.

The spread of an estimate is a sum of w(w − 1)·xʲ over the rows that were kept, and its skewness one of w(w − 1)²·xʲ.
Such numbers are very small or very large, so each goes to one of three lanes, and each lane is an exact sum of
integers. What is too large for all of them is counted as odd: then there is no interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.plan.estimates.totals import Rounded

Floats = npt.NDArray[np.float64]
LANES: Final = (("a", 40, 60), ("b", 100, 0), ("c", 160, -60))
"""By lane: magnitudes below 2 to the power of the second number, in units of 2 to the power of minus the third."""
_NOTHING: Final = 0.5
"""The greatest magnitude that is rounded to 0."""
FIRST: Final = 2.0 ** LANES[0][1]
"""Magnitudes below this are in the first lane."""
BEYOND: Final = 2.0 ** LANES[-1][1]
"""Magnitudes from here on are in no lane."""
COUNTED: Final = 40
"""Sums without values are in multiples of 2⁻⁴⁰."""


def spread(more: Floats, order: str) -> Floats:
    """`a`: w(w − 1), `b`: w(w − 1)², `m`: w − 1, from w − 1."""
    if order == "m":
        return more
    linear = more * (more + 1.0)
    return linear if order == "a" else linear * more


def magnitude(values: Floats) -> float:
    """The greatest magnitude, NaN where any number is; 0 where there is none."""
    return max(float(values.max()), -float(values.min())) if len(values) else 0.0


def units(values: Floats, scale: int, most: float | None = None) -> Rounded | None:
    """As multiples of 2^−scale, of finite numbers that are small enough; None where all are 0."""
    most = magnitude(values) if most is None else most
    return Rounded(values, scale, most) if most * 2.0**scale > _NOTHING else None


def laned(values: Floats, most: float) -> Iterator[tuple[str, Rounded | None]]:
    """What rows add to each lane, None for nothing; `most`: the greatest magnitude."""
    size, least = None, 0.0
    for lane, bound, scale in LANES:
        edge = 2.0**bound
        if most < least or most == 0.0:
            yield lane, None
        elif least == 0.0 and most < edge:
            yield lane, units(values, scale, most)
        else:
            size = np.abs(values) if size is None else size
            yield lane, units(np.where((size >= least) & (size < edge), values, 0.0), scale)
        least = edge


def odd(values: Floats) -> npt.NDArray[np.bool_]:
    """Whether no lane takes a number."""
    return ~(np.abs(values) < BEYOND)
