"""Exact sums by group of integers that floats hold, however large: 128 bits, whatever the order of the rows.

A float has 53 bits, and a sum of n rows takes log₂ n of them: so numbers are cut into pieces, multiples of a power of
two that are few bits wide, whose sums as floats are exact (Rump, Ogita and Oishi, SIAM J. Sci. Comput. 2008). To put
columns of 128 bits together for each row costs ten times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Piece: TypeAlias = tuple[int, Longs]
"""An exponent of two, and sums by group of which each is so many times that power."""
Numbers: TypeAlias = "Rounded | Floats | Longs | npt.NDArray[np.bool_] | Sequence[tuple[Floats, int]] | Counted"
"""A number a row (or one for all rows); or several, each an integer times two to the power of the second."""
_MANTISSA: Final = 52
_HALF: Final = 26
_WORD: Final = 64
_RUN: Final = 255
"""Rows that are added up as floats at once; the sums of them as integers."""
_RUNS: Final = 9
"""At most so many of a group, as a power of two."""
_WIDE_WORD: Final = pl.Series([1 << _WORD], dtype=pl.Int128)


@dataclass(frozen=True, slots=True)
class Counted:
    """A few numbers (integers), and by group how many times each is added."""

    numbers: Floats
    times: Sequence[Longs]


@dataclass(frozen=True, slots=True)
class Rounded:
    """Floats, each of which counts as the nearest integer to it times two to the power of `scale`.

    `most`: the greatest magnitude of them. A float that has no bits below 1 may be as large as you like.
    """

    values: Floats
    scale: int
    most: float


@dataclass(frozen=True, slots=True)
class Runs:
    """Groups, cut where they are long: where each run begins, the first run of each group, and the rows of the longest.

    `firsts` is None where no group is cut.
    """

    starts: Longs
    firsts: Longs | None
    longest: int


@dataclass(frozen=True)
class Groups:
    """Rows that lie group by group: where each group begins, and how many rows it has; there is one group at least."""

    starts: Longs
    lengths: Longs

    @property
    def rows(self) -> int:
        """All of them."""
        return int(self.starts[-1] + self.lengths[-1])

    @cached_property
    def runs(self) -> Runs:
        """So short that their sums have room for many bits, and so few of a group that the sum of theirs fits."""
        most, longest = max(_RUN, self.rows >> _RUNS), int(self.lengths.max())
        if longest <= most:
            return Runs(self.starts, None, longest)
        counts = -(-self.lengths // most)
        firsts = np.cumsum(counts) - counts
        begins = np.repeat(self.starts - firsts * most, counts)
        return Runs(begins + np.arange(len(begins)) * most, firsts, most)


def narrow_sums(numbers: Numbers, groups: Groups) -> Longs:
    """The sums by group of small integers, or of flags."""
    if isinstance(numbers, Counted):
        return sum((int(n) * t for n, t in zip(numbers.numbers, numbers.times, strict=True)), np.zeros(1, np.int64))
    return _narrow(np.asarray(numbers, np.int64), groups)


def wide_totals(pieces: Mapping[str, Sequence[Piece]], count: int) -> dict[str, pl.Series]:
    """By name the sums of `count` groups as Int128, as long as these fit."""
    if not pieces:
        return {}
    low, high = wide_words(list(pieces.values()), count)
    # All at once: a series costs more than what it holds.
    wide = pl.Series(high.ravel()).cast(pl.Int128) * _WIDE_WORD + pl.Series(low.ravel()).cast(pl.Int128)
    return {name: wide.slice(n * count, count).alias(name) for n, name in enumerate(pieces)}


def wide_words(pieces: Sequence[Sequence[Piece]], count: int) -> tuple[Words, Longs]:
    """The low and the high 64 bits of sums: a row for each of some `pieces`, a column for each of `count` groups."""
    low = np.zeros((len(pieces), count), np.uint64)
    high = np.zeros(low.shape, np.int64)
    for turn in range(max(map(len, pieces), default=0)):
        rows = [row for row, several in enumerate(pieces) if turn < len(several)]
        shifts = np.array([pieces[row][turn][0] for row in rows])[:, None]
        more_low, more_high = _words(np.stack([pieces[row][turn][1] for row in rows]), shifts)
        before = low[rows]
        low[rows] = before + more_low
        high[rows] += more_high + (low[rows] < before)
    return low, high


def pieces_of(of: Numbers, groups: Groups) -> Iterator[Piece]:
    """The sums by group of floats that count as integers below 2¹⁰⁰."""
    if isinstance(of, Counted):
        yield from _counted(of)
    elif isinstance(of, Rounded):
        if len(of.values) == 1:
            yield from _constant(float(np.rint(of.values[0] * 2.0**of.scale)), groups.lengths)
        else:
            yield from _cut(of, groups)
    elif isinstance(of, np.ndarray):
        values = np.asarray(of, np.float64)
        yield from pieces_of(Rounded(values, 0, max(float(values.max()), -float(values.min()))), groups)
    else:
        for numbers, shift in of:
            for exponent, sums in pieces_of(numbers, groups):
                yield exponent + shift, sums


def _narrow(numbers: Longs, groups: Groups) -> Longs:
    return groups.lengths * numbers[0] if len(numbers) == 1 else np.add.reduceat(numbers, groups.starts)


def _counted(of: Counted) -> Iterator[Piece]:
    """As two pieces for all, where numbers are small enough."""
    if np.abs(of.numbers).max() >= 2.0**_MANTISSA:
        for number, times in zip(of.numbers, of.times, strict=True):
            yield from _constant(float(number), times)
        return
    whole, times = of.numbers.astype(np.int64), np.stack(of.times)
    yield _HALF, (whole >> _HALF) @ times
    yield 0, (whole & ((1 << _HALF) - 1)) @ times


def _constant(number: float, times: Longs) -> Iterator[Piece]:
    """The same number so many times by group."""
    whole = int(number)
    shift = max(abs(whole).bit_length() - _MANTISSA - 1, 0)
    mantissa = whole >> shift
    yield shift + _HALF, times * (mantissa >> _HALF)
    yield shift, times * (mantissa & ((1 << _HALF) - 1))


def _cut(of: Rounded, groups: Groups) -> Iterator[Piece]:
    """From the highest bits on, as many at a time as the sums have room for; what is left at last is rounded."""
    room = _MANTISSA - groups.runs.longest.bit_length()
    exponent = int(np.frexp(of.most)[1]) + of.scale - room
    upper, rest, spare = np.empty_like(of.values), of.values, None
    while exponent > 0:
        yield exponent, _multiples(rest, exponent - of.scale, upper, groups)
        # Without room of its own what was given would be gone.
        spare = np.subtract(rest, upper, out=spare)
        rest = spare
        exponent -= room
    yield 0, _multiples(rest, -of.scale, upper, groups)


def _multiples(numbers: Floats, exponent: int, into: Floats, groups: Groups) -> Longs:
    """The sums of multiples of a power of two that are next to some numbers; `into`: these multiples themselves."""
    rounding = 1.5 * 2.0 ** (exponent + _MANTISSA)
    np.add(numbers, rounding, out=into)
    np.subtract(into, rounding, out=into)
    runs = groups.runs
    sums: Floats = np.add.reduceat(into, runs.starts)
    found = (sums * 2.0**-exponent).astype(np.int64)
    return found if runs.firsts is None else np.add.reduceat(found, runs.firsts)


def _words(sums: Longs, shifts: Longs) -> tuple[Words, Longs]:
    """The low and the high 64 bits of each number times two to the power of its shift (below 128)."""
    near = np.minimum(shifts, _WORD - 1).astype(np.uint64)
    low = np.where(shifts < _WORD, sums.astype(np.uint64) << near, np.uint64(0))
    # In two steps, for 64 places at once are none.
    above = (sums >> 1) >> np.clip(_WORD - 1 - shifts, 0, _WORD - 1)
    high = np.where(shifts < _WORD, above, sums << np.clip(shifts - _WORD, 0, _WORD - 1))
    return low, high
