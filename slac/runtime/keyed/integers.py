"""Exact integers in columns: Int64 where nothing can overflow, and two columns of it where something might.

Both give the same numbers; the narrow form is several times faster. It is chosen by bounds, never by trying.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Floats, Halved
from slac.runtime.keyed.halved import joined as joined_halves
from slac.runtime.keyed.segments import Segments

Integers = Longs | Halved
"""Of 64 bits, or of 128."""

SAFE: Final = 1 << 61
"""Magnitudes below this may be added once more in 64 bits."""
_SQUARED: Final = 1 << 30


def bound(values: Longs | Floats | pl.Series) -> int:
    """The greatest magnitude; 0 where there is none."""
    if not len(values):
        return 0
    return max(-int(values.min()), int(values.max()))  # type: ignore[arg-type]


def is_zero(values: Integers) -> bool:
    """Whether there are only zeros."""
    if isinstance(values, Halved):
        return not (values.high.any() or values.low.any())
    # Mostly the first one tells.
    return not len(values) or not (values[0] or values.any())


def whole(values: pl.Series | Longs | Floats) -> Integers:
    """Whole numbers, as floats or any integer; NULL is 0."""
    if isinstance(values, pl.Series):
        values = values.fill_null(0) if values.null_count() else values
        if bound(values) >= SAFE:
            return Halved.of_series(values)
        return values.cast(pl.Int64).to_numpy()
    if bound(values) >= SAFE:
        return Halved.of_series(pl.Series(values))
    return values.astype(np.int64, copy=False)


def squares(values: Integers) -> Integers:
    """The squares of numbers of magnitudes up to 2⁵³."""
    numbers = values if isinstance(values, np.ndarray) else values.low.view(np.int64)
    return numbers * numbers if bound(numbers) < _SQUARED else Halved.squares(numbers)


def wide(values: Integers) -> Halved:
    """In 128 bits."""
    return values if isinstance(values, Halved) else Halved.of(values)


def narrow(values: Integers) -> Integers:
    """In 64 bits, where that is safe."""
    return values.low.view(np.int64) if isinstance(values, Halved) and values.fits(SAFE) else values


def floats(values: Integers) -> Floats:
    """The nearest float of each."""
    return values.floats() if isinstance(values, Halved) else values.astype(np.float64)


def column(values: Integers, name: str) -> pl.Series:
    """As a column, Int64 or Int128."""
    return values.series(name) if isinstance(values, Halved) else pl.Series(name, values)


def taken(values: Integers, places: Longs) -> Integers:
    """Those at these places."""
    # Half of the time of brackets.
    return values.take(places) if isinstance(values, np.ndarray) else values[places]


def added(first: Integers, second: Integers) -> Integers:
    """The sums."""
    if isinstance(first, Halved) or isinstance(second, Halved) or bound(first) + bound(second) >= SAFE:
        return wide(first) + wide(second)
    return first + second


def times(values: Longs, factor: int) -> Integers:
    """The products with a number below 2⁶³."""
    if factor == 1:
        return values
    if bound(values) * abs(factor) < SAFE:
        return values * factor
    return Halved.of_series(pl.Series(values).cast(pl.Int128) * pl.Series([factor], dtype=pl.Int128))


def sums_behind(values: Integers, segments: Segments, before: Integers) -> Integers:
    """The sum up to and including each value of its segment, behind what there was `before` each segment."""
    starts = segments.starts
    if isinstance(values, np.ndarray) and isinstance(before, np.ndarray) and _is_safe(values, starts, segments.longest):
        # Where a segment begins, the sums go on from what was before it instead of where the last one ended.
        ends = before + np.add.reduceat(values, starts)
        sums = values.copy()
        sums[starts] += before
        sums[starts[1:]] -= ends[:-1]
        return np.cumsum(sums, out=sums)
    broad = wide(values)
    sums_so_far = broad.prefixes()
    return sums_so_far + (wide(before) - sums_so_far[starts] + broad[starts]).repeated(segments.lengths)


def joined(first: Integers, second: Integers) -> Integers:
    """One behind the other."""
    if isinstance(first, Halved) or isinstance(second, Halved):
        return joined_halves(wide(first), wide(second))
    return np.concatenate([first, second])


def negative(values: Integers) -> Integers:
    """The same below zero."""
    return -values


def _is_safe(values: Longs, starts: Longs, longest: int) -> bool:
    """Whether no segment has magnitudes of SAFE and more in all: by its length, or else by adding them up as floats.

    Floats are off by far less than the factor between SAFE and what 64 bits hold.
    """
    if bound(values) * longest < SAFE:
        return True
    sums = np.add.reduceat(np.abs(values.astype(np.float64)), starts)
    return bool(sums.max() < SAFE)
