"""What each value of a column adds to a sum, in whole columns: the same numbers as the expressions of the families.

A reading gives None where no value adds anything unusual, so that what is mostly the same costs one look.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.aggregation.spread import FLOAT_LIMIT, INT_LIMIT
from slac.plan.aggregation.spread import SCALE as SQUARED_SCALE
from slac.stream.batch import WEIGHT_ONE
from slac.stream.sums import LIMIT, SCALE

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
_LONG = 1 << 62
Reading = Callable[[pl.Series], Floats | Longs | pl.Series | None]
"""Whole numbers, as integers or floats, one a value; NULL is 0."""


def plain(values: pl.Series) -> pl.Series:
    """Integers as they are."""
    return values


def microseconds(values: pl.Series) -> pl.Series:
    """Of lengths of time."""
    return values.cast(pl.Duration("us")).cast(pl.Int64)


def units(values: pl.Series) -> Floats:
    """Multiples of 2⁻⁴⁰ (`slac.stream.sums.whole`); 0 for what has none."""
    return _scaled(values, LIMIT, SCALE)


def square_units(values: pl.Series) -> Floats:
    """Multiples of 2⁻²⁰ of what can be squared; 0 for what cannot."""
    return _scaled(values, FLOAT_LIMIT, SQUARED_SCALE)


def squared_integers(values: pl.Series) -> Longs:
    """Integers that can be squared; 0 for those that cannot."""
    numbers = _integers(values)
    fits = _fit(numbers)
    return numbers if fits.all() else np.where(fits, numbers, 0)


def present(values: pl.Series) -> Longs | None:
    """By how much a value differs from being there: −1 for NULL."""
    return -values.is_null().to_numpy().astype(np.int64) if values.null_count() else None


def true(values: pl.Series) -> Longs | None:
    """By how much a condition differs from being true: −1 for false and NULL."""
    flags = (values.fill_null(value=False) if values.null_count() else values).to_numpy()
    return None if flags.all() else flags.astype(np.int64) - 1


def dropped(weights: pl.Series) -> Longs | None:
    """By how much a row that was kept or not differs from one that was: −1 for a weight of 0; NULL is one."""
    gone = (weights == 0).fill_null(value=False).to_numpy() if weights.null_count() else weights.to_numpy() == 0
    return -gone.astype(np.int64) if gone.any() else None


def excess(weights: pl.Series) -> Longs | pl.Series:
    """By how much the weight of a row differs from that of one event; NULL is one."""
    known = weights.fill_null(WEIGHT_ONE) if weights.null_count() else weights
    numbers = known.to_numpy()
    if not len(numbers) or int(numbers.max()) < _LONG:
        return numbers.astype(np.int64) - WEIGHT_ONE
    return known.cast(pl.Int128) - WEIGHT_ONE


def unsummed(values: pl.Series) -> Longs | None:
    """1 for each float that enters no total."""
    return _beyond(values, LIMIT)


def unsquared(values: pl.Series) -> Longs | None:
    """1 for each float that cannot be squared."""
    return _beyond(values, FLOAT_LIMIT)


def unsquared_integers(values: pl.Series) -> Longs | None:
    """1 for each integer that cannot be squared."""
    fits = _fit(_integers(values))
    return None if fits.all() else (~fits).astype(np.int64)


def _scaled(values: pl.Series, limit: float, scale: float) -> Floats:
    floats = values.cast(pl.Float64).to_numpy()
    if not _all_below(floats, limit):
        floats = np.where(np.abs(floats) < limit, floats, 0.0)
    scaled: Floats = floats * scale
    return np.rint(scaled, out=scaled)


def _beyond(values: pl.Series, limit: float) -> Longs | None:
    floats = values.cast(pl.Float64).to_numpy()
    if _all_below(floats, limit):
        return None
    beyond = ~(np.abs(floats) < limit)
    if values.null_count():
        beyond &= values.is_not_null().to_numpy()
    odd: Longs = beyond.astype(np.int64)
    return odd


def _all_below(floats: Floats, limit: float) -> bool:
    """By the extremes, which are NaN where any number is."""
    return not len(floats) or bool(floats.max() < limit and floats.min() > -limit)


def _integers(values: pl.Series) -> Longs:
    known = values.cast(pl.Int64)
    return (known.fill_null(0) if values.null_count() else known).to_numpy()


def _fit(numbers: Longs) -> npt.NDArray[np.bool_]:
    fits: npt.NDArray[np.bool_] = (numbers >= -INT_LIMIT) & (numbers <= INT_LIMIT)
    return fits
