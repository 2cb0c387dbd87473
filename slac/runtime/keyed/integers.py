"""Exact integers in columns: NumPy's Int64 where nothing can overflow, and Polars' Int128 where something might.

Both give the same numbers; the narrow form is several times faster. It is chosen by bounds, never by trying.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.runtime.keyed.grouping import Longs

Integers = Longs | pl.Series
"""Int64 in NumPy, or Int128 in Polars."""

SAFE: Final = 1 << 61
"""Magnitudes below this may be added once more in Int64."""

_ZERO: Final = pl.Series([0], dtype=pl.Int128)


def bound(values: Integers) -> int:
    """The greatest magnitude; 0 where there is none."""
    if not len(values):
        return 0
    return max(-int(values.min()), int(values.max()))  # type: ignore[arg-type]


def whole(values: pl.Series, *, squared: bool = False) -> Integers:
    """Whole numbers, as Float64 or any integer (NULL is 0), or their squares."""
    known = values.fill_null(0) if values.null_count() else values
    size = bound(known)
    if size < (1 << 30 if squared else SAFE):
        narrow = known.cast(pl.Int64).to_numpy()
        return narrow * narrow if squared else narrow
    broad = known.cast(pl.Int128)
    return broad * broad if squared else broad


def wide(values: Integers) -> pl.Series:
    """As Int128."""
    return pl.Series(values).cast(pl.Int128) if isinstance(values, np.ndarray) else values


def column(values: Integers, name: str) -> pl.Series:
    """As a column, Int64 or Int128."""
    return pl.Series(name, values) if isinstance(values, np.ndarray) else values.alias(name)


def taken(values: Integers, places: Longs) -> Integers:
    """Those at these places."""
    return values[places] if isinstance(values, np.ndarray) else values.gather(places)


def added(first: Integers, second: Integers) -> Integers:
    """The sums."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray) and bound(first) + bound(second) < SAFE:
        return first + second
    return wide(first) + wide(second)


def times(values: Longs, factor: int) -> Integers:
    """The products with a number."""
    if factor == 1:
        return values
    if bound(values) * abs(factor) < SAFE:
        return values * factor
    return wide(values) * pl.Series([factor], dtype=pl.Int128)


def sums_upto(values: Integers, starts: Longs, of: Longs, places: Longs, longest: int) -> Integers:
    """The sum of each segment up to and including each of `places`, `of` being the segments of these.

    `starts`: where the segments begin, none of which has more than `longest` values. Prefixes may overflow, their
    differences do not.
    """
    if isinstance(values, np.ndarray) and bound(values) * longest < SAFE:
        prefix = np.cumsum(values)
        before = prefix[starts] - values[starts]
        return prefix[places] - before[of]
    broad = wide(values)
    sums = broad.cum_sum()
    return sums.gather(places) - (sums.gather(starts) - broad.gather(starts)).gather(of)


def joined(first: Integers, second: Integers) -> Integers:
    """One behind the other."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate([first, second])
    return pl.concat([wide(first), wide(second)])


def negative(values: Integers) -> Integers:
    """The same below zero."""
    return -values if isinstance(values, np.ndarray) else _ZERO - values
