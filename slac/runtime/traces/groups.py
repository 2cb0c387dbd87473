"""Rows that stand together group by group, and what can be said of each group at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

S = TypeVar("S", bound=np.generic)
_BITS: Final = 62


@dataclass(frozen=True)
class Groups:
    """Contiguous groups of rows, none empty: `starts` has where each begins and, last, the number of rows."""

    starts: Longs

    @classmethod
    def of(cls, values: Hashes) -> Groups:
        """Runs of equal values."""
        change = np.flatnonzero(values[1:] != values[:-1]) + 1
        return cls(np.concatenate(([0], change, [len(values)])) if len(values) else np.zeros(1, np.int64))

    @classmethod
    def sized(cls, counts: Longs) -> Groups:
        """Groups of these sizes."""
        return cls(np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.starts[-1])

    @property
    def first(self) -> Longs:
        """Where each group begins."""
        return self.starts[:-1]

    @property
    def last(self) -> Longs:
        """Where the last row of each group is."""
        return self.starts[1:] - 1

    @cached_property
    def counts(self) -> Longs:
        """Rows a group."""
        return np.diff(self.starts)

    def spread(self, values: npt.NDArray[S]) -> npt.NDArray[S]:
        """A value a group → a value a row."""
        return np.repeat(values, self.counts)

    @cached_property
    def number(self) -> Longs:
        """Of each row, its group."""
        return np.repeat(np.arange(len(self)), self.counts)

    def position(self) -> Longs:
        """Of each row, its place in its group from 0 on."""
        return np.arange(self.rows) - np.repeat(self.first, self.counts)

    def sums(self, values: npt.NDArray[S]) -> npt.NDArray[S]:
        """The sum of each group, wrapping for hashes."""
        return np.add.reduceat(values, self.first) if len(self) else values[:0]

    def lowest(self, values: Longs) -> Longs:
        """The lowest value of each group."""
        return np.minimum.reduceat(values, self.first) if len(self) else values[:0]

    def highest(self, values: Longs) -> Longs:
        """The highest value of each group."""
        return np.maximum.reduceat(values, self.first) if len(self) else values[:0]

    def any(self, flags: Flags) -> Flags:
        """Whether a row of the group is flagged."""
        return np.logical_or.reduceat(flags, self.first) if len(self) else flags[:0]

    def running_sum(self, values: Longs) -> Longs:
        """Of each row, the sum of its group up to it."""
        total = np.cumsum(values)
        before = total[self.first] - values[self.first]
        return total - np.repeat(before, self.counts)

    def running_max(self, values: Longs, top: int) -> Longs:
        """Of each row, the highest value of its group up to it; values lie in [0, top]."""
        shift = max(int(top).bit_length(), 1)
        number = self.number
        if shift + len(self).bit_length() > _BITS:
            frame = pl.DataFrame({"g": number, "v": values})
            return frame.select(pl.col("v").cum_max().over("g")).to_series().to_numpy()
        return np.maximum.accumulate((number << shift) | values) & ((1 << shift) - 1)

    def rows_of(self, chosen: Flags) -> Flags:
        """A flag a group → a flag a row."""
        return np.repeat(chosen, self.counts)
