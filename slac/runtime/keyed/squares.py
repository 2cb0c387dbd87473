"""Σ(x − mean)² of exact sums, in NumPy: the same bits as the expressions of `slac.plan.aggregation.spread`."""

from __future__ import annotations

from typing import Final

import numpy as np

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Floats, Halved
from slac.runtime.keyed.integers import Integers

_BLOCK: Final = 1 << 13
_LIMIT: Final = float(1 << 108)
"""Sums of squares up to here, as floats, tell which integer is meant of those with the same 64 bits below."""


def squared_deviations(count: Longs, total: Integers, squares: Integers) -> Floats | None:
    """Around the whole number below the mean, in integers, less what that number is off by; `count` is 1 or more.

    All is done modulo 2⁶⁴. Where the squares have more bits than that, the result may, too: floats say which of the
    numbers it is. None where totals are too large for either.
    """
    if isinstance(total, Halved):
        return None
    # In blocks that stay in the cache, with what is made in between: a third of the time.
    deviations = np.empty(len(count))
    for start in range(0, len(count), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found = _of_block(count[rows], total[rows], squares[rows])
        if found is None:
            return None
        deviations[rows] = found
    return deviations


def _of_block(count: Longs, total: Longs, squares: Integers) -> Floats | None:
    counted = count.astype(np.float64)
    mean, rest = _floor_divided(total, count, counted)
    off = rest.astype(np.float64)
    rest += total
    if isinstance(squares, Halved):
        around = _wide_around(mean, rest, squares)
    else:
        rest *= mean
        around = np.subtract(squares, rest, out=rest).astype(np.float64)
    if around is not None:
        off *= off
        off /= counted
        around -= off
    return around


def _wide_around(mean: Longs, rest: Longs, squares: Halved) -> Floats | None:
    """`squares` − `mean` · `rest` as floats, rounded once."""
    estimates = squares.estimates()
    if len(estimates) and estimates.max() >= _LIMIT:
        return None
    estimates -= mean.astype(np.float64) * rest
    return Halved.near(squares.low.view(np.int64) - mean * rest, estimates).floats()


def _floor_divided(total: Longs, count: Longs, counted: Floats) -> tuple[Longs, Longs]:
    """The quotients, rounded down, and the remainders. Floats are mostly right, and what they miss is divided again."""
    quotient = total / counted
    mean = np.floor(quotient, out=quotient).astype(np.int64)
    rest = mean * count
    np.subtract(total, rest, out=rest)
    # As numbers without a sign, those below zero are large.
    is_wrong = rest.view(np.uint64) >= count.view(np.uint64)
    if is_wrong.any():
        wrong = np.flatnonzero(is_wrong)
        mean[wrong], rest[wrong] = np.divmod(total[wrong], count[wrong])
    return mean, rest
