"""Exact sums by group of integers that floats hold, however large: 128 bits, whatever the order of the rows.

A float has 53 bits, and a sum of n rows takes log₂ n of them: so numbers are cut into pieces, multiples of a power of
two that are few bits wide, whose sums as floats are exact (Rump, Ogita and Oishi, SIAM J. Sci. Comput. 2008). To put
columns of 128 bits together for each row costs ten times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Piece: TypeAlias = tuple[int, Longs]
"""An exponent of two, and sums by group of which each is so many times that power."""
Numbers: TypeAlias = "Floats | Longs | npt.NDArray[np.bool_] | Sequence[tuple[Floats, int]] | Same"
"""A number a row (or one for all rows); or several, each an integer times two to the power of the second."""
_MANTISSA: Final = 52
_HALF: Final = 26
_WORD: Final = 64
_WIDE_WORD: Final = pl.Series([1 << _WORD], dtype=pl.Int128)


@dataclass(frozen=True, slots=True)
class Same:
    """One integer in the rows where a flag stands, and 0 in all others."""

    number: float
    where: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows that lie group by group: where each group begins, and how many rows it has; there is one group at least."""

    starts: Longs
    lengths: Longs

    @property
    def rows(self) -> int:
        """All of them."""
        return int(self.starts[-1] + self.lengths[-1])


def narrow_totals(numbers: Mapping[str, Numbers], groups: Groups) -> dict[str, pl.Series]:
    """By name the sums by group (Int64) of small integers, or of flags."""
    return {name: pl.Series(name, _narrow(np.asarray(of, np.int64), groups)) for name, of in numbers.items()}


def wide_totals(numbers: Mapping[str, Numbers], groups: Groups) -> dict[str, pl.Series]:
    """By name the sums by group (Int128) of floats that are integers below 2¹⁰⁰, as long as these fit."""
    if not numbers:
        return {}
    pieces = [list(_pieces(of, groups)) for of in numbers.values()]
    low = np.zeros((len(pieces), len(groups.starts)), np.uint64)
    high = np.zeros(low.shape, np.int64)
    for turn in range(max(map(len, pieces))):
        rows = [row for row, several in enumerate(pieces) if turn < len(several)]
        shifts = np.array([pieces[row][turn][0] for row in rows])[:, None]
        more_low, more_high = _words(np.stack([pieces[row][turn][1] for row in rows]), shifts)
        before = low[rows]
        low[rows] = before + more_low
        high[rows] += more_high + (low[rows] < before)
    # All at once: a series costs more than what it holds.
    wide = pl.Series(high.ravel()).cast(pl.Int128) * _WIDE_WORD + pl.Series(low.ravel()).cast(pl.Int128)
    count = len(groups.starts)
    return {name: wide.slice(n * count, count).alias(name) for n, name in enumerate(numbers)}


def _narrow(numbers: Longs, groups: Groups) -> Longs:
    return groups.lengths * numbers[0] if len(numbers) == 1 else np.add.reduceat(numbers, groups.starts)


def _pieces(of: Numbers, groups: Groups) -> Iterator[Piece]:
    if isinstance(of, Same):
        yield from _constant(of.number, _narrow(of.where.astype(np.int64), groups))
        return
    if isinstance(of, np.ndarray):
        yield from _constant(float(of[0]), groups.lengths) if len(of) == 1 else _cut(np.asarray(of, np.float64), groups)
        return
    for numbers, shift in of:
        for exponent, sums in _pieces(numbers, groups):
            yield exponent + shift, sums


def _constant(number: float, times: Longs) -> Iterator[Piece]:
    """The same number so many times by group."""
    whole = int(number)
    shift = max(abs(whole).bit_length() - _MANTISSA - 1, 0)
    mantissa = whole >> shift
    yield shift + _HALF, times * (mantissa >> _HALF)
    yield shift, times * (mantissa & ((1 << _HALF) - 1))


def _cut(whole: Floats, groups: Groups) -> Iterator[Piece]:
    """From the highest bits on, as many at a time as the sums have room for."""
    room = _MANTISSA - groups.rows.bit_length()
    most = max(float(whole.max()), -float(whole.min()))
    exponent = int(np.frexp(most)[1]) - room
    rest = whole
    while exponent > 0:
        rounding = 1.5 * 2.0 ** (exponent + _MANTISSA)
        upper = (rest + rounding) - rounding
        yield exponent, (_added(upper, groups) * 2.0**-exponent).astype(np.int64)
        rest = rest - upper
        exponent -= room
    yield 0, _added(rest, groups).astype(np.int64)


def _added(numbers: Floats, groups: Groups) -> Floats:
    found: Floats = np.add.reduceat(numbers, groups.starts)
    return found


def _words(sums: Longs, shifts: Longs) -> tuple[npt.NDArray[np.uint64], Longs]:
    """The low and the high 64 bits of each number times two to the power of its shift (below 128)."""
    near = np.minimum(shifts, _WORD - 1).astype(np.uint64)
    low = np.where(shifts < _WORD, sums.astype(np.uint64) << near, np.uint64(0))
    # In two steps, for 64 places at once are none.
    above = (sums >> 1) >> np.clip(_WORD - 1 - shifts, 0, _WORD - 1)
    high = np.where(shifts < _WORD, above, sums << np.clip(shifts - _WORD, 0, _WORD - 1))
    return low, high
