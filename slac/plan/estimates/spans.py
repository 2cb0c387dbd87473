"""Intervals of estimates, in whole columns of NumPy: of totals and means, of counts, of shares and of variances.

Only sums, products, quotients and square roots are used, which give the same bits wherever a number stands in a column;
the cube root is that of Polars, one number at a time.

- Totals and means: the normal interval, its quantile that of Student's t, transformed for skewness as Hall (1992) does,
  and widened by twice the square of the skewness, because that of a few heavy-tailed values is itself uncertain.
- Counts: the score interval with a continuity correction; where nothing was kept it still reaches as far as the
  weights of the group let it.
- Shares: Wilson's, with the number of values that would be as uncertain if none had a weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_LEAST = 1e-9
_MOST_SKEWED = 2.0


@dataclass(frozen=True, slots=True)
class Span:
    """The bounds of a column."""

    low: Floats
    high: Floats


def quantile_of(confidence: float) -> float:
    """The number of standard deviations on either side."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def of_mean(estimate: Floats, variance: Floats, third: Floats, kept: Floats, z: float) -> Span:
    """Around an estimate from `kept` values with its variance, and the third moment Σw(w − 1)²x³ of what it sums up."""
    with np.errstate(all="ignore"):
        deviation = np.sqrt(np.maximum(variance, 0.0))
        skewness = np.where(deviation > 0, third / (deviation * deviation * deviation), 0.0)
        skewness = np.clip(np.nan_to_num(skewness, nan=_MOST_SKEWED), -_MOST_SKEWED, _MOST_SKEWED)
        number = np.maximum(kept, 2.0)
        student = z * (1 + (z * z + 1) / (4 * number)) * np.sqrt(number / (number - 1))
        wide = deviation * (1 + 2 * skewness * skewness)
        low, high = (estimate - wide * _untransformed(skewness, side) for side in (student, -student))
    return Span(low, high)


def _untransformed(skewness: Floats, at: Floats) -> Floats:
    """The inverse of Hall's transformation."""
    some = np.where(np.abs(skewness) < _LEAST, _LEAST, skewness)
    cubes = 1 + some * (at - some / 6)
    roots = pl.Series(cubes).cbrt().to_numpy()
    found: Floats = 3 / some * (roots - 1)
    return np.where(np.abs(skewness) < _LEAST, at, found)


def of_count(whole: Floats, kept: Floats, weights: Floats, spread: Floats, unseen: Floats, z: float) -> Span:
    """Of a number of events: `whole` ones that are certain, and what `kept` ones of these `weights` (Σw) stand for.

    `spread` is Σw(w − 1) of them, `unseen` the weight of an event of which none was kept.
    """
    with np.errstate(all="ignore"):
        weight = np.where(kept > 0, 1 + spread / np.maximum(weights, 1.0), unseen)
        weight = np.maximum(weight, 1.0)
        missed = 1 - 1 / weight
        number = weights / weight
        low, high = (
            np.where(missed > 0, _score(number + half, missed, z, half) * weight, weights) for half in (-0.5, 0.5)
        )
    sure = whole + kept
    return Span(np.maximum(sure, whole + np.where(kept > 0, low, 0.0)), np.maximum(sure, whole + high))


def _score(number: Floats, missed: Floats, z: float, side: float) -> Floats:
    """The expectation at which so many would just not be surprising."""
    number = np.maximum(number, 0.0)
    some = z * z * missed
    root = np.sqrt(some * some + 4 * number * some)
    return (2 * number + some + (root if side > 0 else -root)) / 2


def of_share(share: Floats, variance: Floats, number: Floats, z: float) -> Span:
    """Of a share of about `number` unweighted values that has this variance; `number` counts where it has none."""
    with np.errstate(all="ignore"):
        both = share * (1 - share)
        values = np.where((variance > 0) & (both > 0), both / variance, number)
        some = z * z / values
        middle = (share + some / 2) / (1 + some)
        # Half a value to either side, because counts are whole.
        half = z * np.sqrt(np.maximum(both / values + some / (4 * values), 0.0)) / (1 + some) + 0.5 / values
    return Span(np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0))


def of_variance(variance: Floats, spread: Floats, kept: Floats, z: float) -> Span:
    """Around a variance whose own variance is `spread`; by factors, so that it stays above zero.

    Upwards it is wider by eight times the square of the relative error: rare large values, of which a sample has none,
    make a variance greater than it looks, and its own error, too.
    """
    with np.errstate(all="ignore"):
        number = np.maximum(kept, 2.0)
        student = z * (1 + (z * z + 1) / (4 * number))
        relative = np.where(variance > 0, student * np.sqrt(np.maximum(spread, 0.0)) / variance, 0.0)
        square = relative * relative
    return Span(variance / (1 + relative + square), variance * (1 + relative + 8 * square))
