"""Σ(x − mean)² of exact sums, in NumPy: the same bits as the expressions of `slac.plan.aggregation.spread`."""

from __future__ import annotations

from typing import Final

import numpy as np

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Floats, Halved
from slac.runtime.keyed.integers import Integers

_LIMIT: Final = float(1 << 108)
"""Sums of squares up to here, as floats, tell which integer is meant of those with the same 64 bits below."""


def squared_deviations(count: Longs, total: Integers, squares: Integers) -> Floats | None:
    """Around the whole number below the mean, in integers, less what that number is off by.

    All is done modulo 2⁶⁴. Where the squares have more bits than that, the result may, too: floats say which of the
    numbers it is. None where totals are too large for either. Groups without values get any number.
    """
    if isinstance(total, Halved):
        return None
    counted = np.maximum(count, 1)
    mean, rest = _floor_divided(total, counted)
    off = rest.astype(np.float64)
    if isinstance(squares, Halved):
        estimates = squares.estimates()
        if len(estimates) and estimates.max() >= _LIMIT:
            return None
        around = squares.low.view(np.int64) - mean * total - mean * rest
        whole, part = mean.astype(np.float64), total.astype(np.float64) + off
        deviations = Halved.near(around, estimates - whole * part).floats()
    else:
        deviations = (squares - mean * (total + rest)).astype(np.float64)
    deviations -= off * off / counted.astype(np.float64)
    return deviations


def _floor_divided(total: Longs, count: Longs) -> tuple[Longs, Longs]:
    """The quotients, rounded down, and the remainders. Floats are mostly right, and what they miss is divided again."""
    mean = np.floor(total.astype(np.float64) / count).astype(np.int64)
    rest = total - mean * count
    wrong = np.flatnonzero((rest < 0) | (rest >= count))
    if len(wrong):
        mean[wrong], rest[wrong] = np.divmod(total[wrong], count[wrong])
    return mean, rest
