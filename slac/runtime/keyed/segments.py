"""Arrays in which each stretch (segment) is worked on by itself, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed.grouping import Longs, Mask


@dataclass(frozen=True, slots=True)
class Segments:
    """`starts`, `ends`: the first and last place of each segment; `of`: the number of each place's segment."""

    starts: Longs
    ends: Longs
    of: Longs

    @property
    def longest(self) -> int:
        """The greatest number of places in a segment."""
        return int((self.ends - self.starts).max()) + 1

    @classmethod
    def at(cls, begins: Mask) -> Segments:
        """From whether a segment begins at each place; one begins at the first."""
        starts = np.flatnonzero(begins)
        ends = np.append(starts[1:], len(begins)) - 1
        return cls(starts, ends, np.repeat(np.arange(len(starts)), ends - starts + 1))


def cumulative_peaks(codes: Longs, segments: Segments) -> Longs:
    """The greatest code of each place and those before it in its segment: each step looks twice as far back."""
    peaks, step = codes.copy(), 1
    while step < segments.longest:
        reached = np.where(segments.of[step:] == segments.of[:-step], peaks[:-step], LOWEST)
        peaks[step:] = np.maximum(peaks[step:], reached)
        step *= 2
    return peaks


def following_peaks(codes: Longs, segments: Segments) -> Longs:
    """The greatest code of each place and those behind it in its segment."""
    turned = Segments.at(np.isin(np.arange(len(codes)), segments.ends)[::-1])
    return cumulative_peaks(codes[::-1], turned)[::-1]


def ranged_peaks(codes: Longs, low: Longs, high: Longs) -> Longs:
    """The greatest of `codes[low : high + 1]`, for each pair: two stretches of a power of two that cover it."""
    if not len(low):
        return codes[:0]
    level = np.frexp((high - low + 1).astype(np.float64))[1] - 1
    found, table = np.empty(len(low), np.int64), codes
    for power in range(int(level.max()) + 1):
        of = np.flatnonzero(level == power)
        found[of] = np.maximum(table[low[of]], table[high[of] - (1 << power) + 1])
        table = np.maximum(table[: -(1 << power)], table[1 << power :])
    return found


def last_of_runs(is_last: Mask) -> Longs:
    """For each place the next one (or itself) that `is_last`; the very last place must be."""
    places = np.flatnonzero(is_last)
    return np.repeat(places, np.diff(places, prepend=-1))
