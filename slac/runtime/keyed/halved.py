"""Integers of 128 bits as two columns of NumPy, which knows 64 bits only: exact, and about as fast as Polars' Int128.

All is done modulo 2¹²⁸, in two's complement, so that prefixes may overflow where their differences do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_SIGN: Final = np.int64(63)
_WORD: Final = float(1 << 64)
_CUT: Final = np.uint64(11)
_LAST: Final = np.uint64((1 << 11) - 1)
_FEW: Final = 5
_MANY: Final = 1 << 53
_CARRY: Final = pl.Series([1 << 64], dtype=pl.Int128)


@dataclass(frozen=True, slots=True)
class Halved:
    """Each number is `high` · 2⁶⁴ + `low`."""

    high: Longs
    low: Words

    def __len__(self) -> int:
        return len(self.high)

    def __getitem__(self, rows: slice | Longs) -> Halved:
        return Halved(self.high[rows], self.low[rows])

    def __neg__(self) -> Halved:
        return Halved(~self.high + (self.low == 0), ~self.low + np.uint64(1))

    def __add__(self, other: Halved) -> Halved:
        low = self.low + other.low
        return Halved(self.high + other.high + (low < other.low), low)

    def __sub__(self, other: Halved) -> Halved:
        return Halved(self.high - other.high - (self.low < other.low), self.low - other.low)

    @classmethod
    def of(cls, values: Longs) -> Halved:
        """Numbers of 64 bits."""
        return cls(values >> _SIGN, values.view(np.uint64))

    @classmethod
    def near(cls, low: Longs, estimate: Floats) -> Halved:
        """The numbers that are `low` modulo 2⁶⁴ and lie less than 2⁶² from what they are estimated to be."""
        words = low.view(np.uint64)
        return cls(np.rint((estimate - words.astype(np.float64)) / _WORD).astype(np.int64), words)

    @classmethod
    def squares(cls, values: Longs) -> Halved:
        """Of numbers up to 2⁵³: the estimate of a square is wrong by less than 2⁵³ then."""
        floats = values.astype(np.float64)
        return cls.near(values * values, floats * floats)

    @classmethod
    def of_series(cls, values: pl.Series) -> Halved:
        """Any integers, or Float64 that are whole, without NULL."""
        broad = values.cast(pl.Int128)
        low = broad.alias("t").to_frame().select(pl.col("t").cast(pl.UInt64, wrap_numerical=True))["t"]
        high = ((broad - low.cast(pl.Int128)) // _CARRY).cast(pl.Int64)
        return cls(high.to_numpy(), low.to_numpy())

    def series(self, name: str = "") -> pl.Series:
        """As a column of Int128."""
        return (pl.Series(self.high).cast(pl.Int128) * _CARRY + pl.Series(self.low).cast(pl.Int128)).alias(name)

    def repeated(self, times: Longs) -> Halved:
        """Each so many times."""
        return Halved(np.repeat(self.high, times), np.repeat(self.low, times))

    def prefixes(self) -> Halved:
        """The sum of each number and all before it. A low half that is less than what was added has wrapped."""
        low = np.cumsum(self.low)
        return Halved(np.cumsum(self.high + (low < self.low)), low)

    def estimates(self) -> Floats:
        """About each number, as a float: off by three roundings at most."""
        return self.high.astype(np.float64) * _WORD + self.low.astype(np.float64)

    def fits(self, limit: int) -> bool:
        """Whether all are 64-bit numbers of a magnitude below `limit`."""
        low = self.low.view(np.int64)
        return not len(low) or bool((self.high == low >> _SIGN).all() and low.min() > -limit and low.max() < limit)

    def floats(self) -> Floats:
        """The nearest float of each."""
        low = self.low.view(np.int64)
        fits = self.high == low >> _SIGN
        if fits.all():
            return low.astype(np.float64)
        rounded: Floats = np.where(fits, low.astype(np.float64), _rounded(self.high, self.low))
        is_large = (self.high >= _FEW) | (self.high < -_FEW)
        others = np.flatnonzero(~(fits | is_large) | (np.abs(self.high) >= _MANY))
        if len(others):
            rounded[others] = _nearest(self.high[others], self.low[others])
        return rounded


def joined(first: Halved, second: Halved) -> Halved:
    """One behind the other."""
    return Halved(np.concatenate([first.high, second.high]), np.concatenate([first.low, second.low]))


def _rounded(high: Longs, low: Words) -> Floats:
    """Of numbers from 2⁶⁶ on with a high half of 53 bits at most.

    Both halves are floats then: the low one without its last 11 bits, but where these are not all zero, the last one
    that is left is set. It stands two bits below what the sum is rounded to, and so it is rounded as by all of them.
    """
    first = low & ~_LAST
    first |= (first != low).astype(np.uint64) << _CUT
    sums = high.astype(np.float64)
    sums *= _WORD
    sums += first.astype(np.float64)
    return sums


def _nearest(high: Longs, low: Words) -> Floats:
    """Of numbers beyond 64 bits: the first 62 bits or more, the last of which says whether anything follows them.

    A float has 53 bits, so these bits are rounded as the whole number would be. (NumPy gives 0 for a shift by 64.)
    """
    # One bit more than the magnitude of the high half has, and one for the sign.
    bits = np.frexp(np.abs(high.astype(np.float64)))[1].astype(np.int64) + 1
    bits = np.minimum(bits, 64)
    left = low >> bits.astype(np.uint64)
    rest = (left << bits.astype(np.uint64)) != low
    first = (high << (64 - bits)) | left.view(np.int64)
    nearest: Floats = np.ldexp((first | rest).astype(np.float64), bits)
    return nearest
