"""Arrays in which each stretch (segment) is worked on by itself, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from slac.runtime.keyed.grouping import Longs, Mask

_LONG: Final = 256
_FEW: Final = 8
"""One place in so many is few."""


@dataclass(frozen=True, slots=True)
class Segments:
    """`starts`, `ends`: the first and last place of each segment."""

    starts: Longs
    ends: Longs

    @property
    def of(self) -> Longs:
        """The number of each place's segment."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    @property
    def lengths(self) -> Longs:
        """The number of places in each segment."""
        return self.ends - self.starts + 1

    @property
    def longest(self) -> int:
        """The greatest number of places in a segment."""
        return int((self.ends - self.starts).max()) + 1

    @classmethod
    def at(cls, begins: Mask) -> Segments:
        """From whether a segment begins at each place; one begins at the first."""
        starts = np.flatnonzero(begins)
        return cls(starts, np.append(starts[1:], len(begins)) - 1)

    @classmethod
    def of_sorted(cls, of: Longs) -> Segments:
        """Equal numbers are a segment."""
        return cls.at(np.append(True, of[1:] != of[:-1]))


def cumulative_peaks(codes: Longs, segments: Segments) -> Longs:
    """The greatest code of each place and those before it in its segment.

    The first places of all segments stand together, then the second ones, and so on: one step compares all segments
    at once. Segments beyond `_LONG` places go one by one; there are few of them.
    """
    lengths = segments.lengths
    long = np.flatnonzero(lengths > _LONG)
    if not len(long):
        return _by_rank(codes, segments.starts, lengths)
    peaks = np.empty_like(codes)
    is_short = lengths <= _LONG
    if is_short.any():
        places = np.flatnonzero(np.repeat(is_short, lengths))
        short = lengths[is_short]
        starts = np.cumsum(short) - short
        peaks[places] = _by_rank(codes[places], starts, short)
    for start, end in zip(segments.starts[long].tolist(), segments.ends[long].tolist(), strict=True):
        np.maximum.accumulate(codes[start : end + 1], out=peaks[start : end + 1])
    return peaks


def _by_rank(codes: Longs, starts: Longs, lengths: Longs) -> Longs:
    """`cumulative_peaks` of segments none of which is long."""
    longest = int(lengths.max(initial=1))
    if longest == 1:
        return codes
    descending = np.argsort(-lengths)
    # So many segments have a first place, a second one, …
    counts = len(lengths) - np.searchsorted(lengths[descending[::-1]], np.arange(longest), side="right")
    begins = np.cumsum(counts) - counts
    position = np.empty(len(lengths), np.int64)
    position[descending] = np.arange(len(lengths))
    at: Longs = begins[np.arange(len(codes)) - np.repeat(starts, lengths)] + np.repeat(position, lengths)
    table = np.empty_like(codes)
    table[at] = codes
    before = 0
    for begin, count in zip(begins[1:].tolist(), counts[1:].tolist(), strict=True):
        row = table[begin : begin + count]
        np.maximum(row, table[before : before + count], out=row)
        before = begin
    return table[at]


def peaks_above(codes: Longs, floors: Longs, segments: Segments) -> Longs:
    """The greatest of the segment's floor and the codes of each place and those before it.

    Where the floor is what has been greatest for a while, few codes are above it: only these are compared.
    """
    peaks = np.repeat(floors, segments.lengths)
    above = np.flatnonzero(codes > peaks)
    if _FEW * len(above) > len(codes):
        return cumulative_peaks(np.maximum(codes, peaks), segments)
    if not len(above):
        return peaks
    of = np.searchsorted(segments.starts, above, side="right") - 1
    found = Segments.of_sorted(of)
    # Each holds up to the next one, or to the end of its segment.
    ends = np.append(above[1:], 0)
    ends[found.ends] = segments.ends[of[found.ends]] + 1
    lengths = ends - above
    skipped = above - (np.cumsum(lengths) - lengths)
    places = np.repeat(skipped, lengths)
    places += np.arange(len(places))
    peaks[places] = np.repeat(cumulative_peaks(codes[above], found), lengths)
    return peaks


def following_peaks_above(codes: Longs, floors: Longs, segments: Segments) -> Longs:
    """The same of each place and those behind it."""
    last = len(codes) - 1
    turned = Segments(last - segments.ends[::-1], last - segments.starts[::-1])
    return peaks_above(codes[::-1], floors[::-1], turned)[::-1]


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
