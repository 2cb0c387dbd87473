"""Rows that lie group by group, and sums of 128 bits of them.

A float has 53 bits, and a sum of n rows takes log₂ n of them: numbers that are cut into pieces of few bits have sums
that are exact as floats, of short runs of rows (Rump, Ogita and Oishi, SIAM J. Sci. Comput. 2008). To put columns of
128 bits together for each row costs ten times as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_WORD: Final = 64
_RUN: Final = 255
"""Rows that are added up as floats at once; the sums of them as integers."""
_WIDE_WORD: Final = pl.Series([1 << _WORD], dtype=pl.Int128)


@dataclass(frozen=True, slots=True)
class Runs:
    """Groups, cut where they are long: where each run begins, and the first run of each group (None: none is cut)."""

    starts: Longs
    firsts: Longs | None


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
        """So short that their sums have room for many bits."""
        if int(self.lengths.max()) <= _RUN:
            return Runs(self.starts, None)
        counts = -(-self.lengths // _RUN)
        firsts = np.cumsum(counts) - counts
        begins = np.repeat(self.starts - firsts * _RUN, counts)
        return Runs(begins + np.arange(len(begins)) * _RUN, firsts)


def wide_series(words: Mapping[str, tuple[Words, Longs]]) -> dict[str, pl.Series]:
    """Low and high words by name as columns of Int128, all of the same length."""
    if not words:
        return {}
    low, high = (np.stack(each) for each in zip(*words.values(), strict=True))
    # All at once: a series costs more than what it holds.
    wide = pl.Series(high.ravel()).cast(pl.Int128) * _WIDE_WORD + pl.Series(low.ravel()).cast(pl.Int128)
    return {name: wide.slice(n * low.shape[1], low.shape[1]).alias(name) for n, name in enumerate(words)}


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


def _words(sums: Longs, shifts: Longs) -> tuple[Words, Longs]:
    """The low and the high 64 bits of each number times two to the power of its shift (below 128)."""
    near = np.minimum(shifts, _WORD - 1).astype(np.uint64)
    low = np.where(shifts < _WORD, sums.astype(np.uint64) << near, np.uint64(0))
    # In two steps, for 64 places at once are none.
    above = (sums >> 1) >> np.clip(_WORD - 1 - shifts, 0, _WORD - 1)
    high = np.where(shifts < _WORD, above, sums << np.clip(shifts - _WORD, 0, _WORD - 1))
    return low, high
