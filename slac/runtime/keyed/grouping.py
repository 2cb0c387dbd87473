"""The rows of a batch, those of a key together and in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.stream.places import sorted_slots

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Value = TypeVar("Value", bound=np.generic)

_ROW: Final = "_row"
_MANY: Final = 1024


@dataclass(frozen=True, slots=True)
class ByKey:
    """`keys`: the distinct ones; `order`: rows by key, then as they stood; `lengths`: how many a key."""

    keys: pl.DataFrame
    order: Longs
    lengths: Longs

    @property
    def starts(self) -> Longs:
        """Where in `order` each key begins."""
        return np.cumsum(self.lengths) - self.lengths

    def spread(self, values: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """A value a key → one a row, as the rows stood."""
        rows = np.empty(len(self.order), values.dtype)
        rows[self.order] = np.repeat(values, self.lengths)
        return rows


@dataclass(frozen=True, slots=True)
class BySlot:
    """`order`: rows by slot, then as they stood; `slots`: the distinct ones, with where in `order` each begins."""

    order: Longs
    slots: Longs
    starts: Longs
    lengths: Longs

    @classmethod
    def of(cls, slots: Longs) -> BySlot:
        """From the slot of each row, of which there is one at least."""
        order, of = sorted_slots(slots)
        starts = np.flatnonzero(np.append(True, of[1:] != of[:-1]))
        return cls(order, of[starts].astype(np.int64, copy=False), starts, lengths_of(starts, len(of)))


def by_key(frame: pl.DataFrame, keys: Sequence[str]) -> ByKey:
    """The rows of a frame by its key columns; NULL is a key like any other, and without columns all rows are of one."""
    if not keys:
        return ByKey(pl.DataFrame(), np.arange(frame.height), np.array([frame.height]))
    groups = frame.select(keys).with_row_index(_ROW).group_by(keys).agg(_ROW)
    rows = groups[_ROW]
    return ByKey(
        groups.select(keys), rows.explode().to_numpy().astype(np.int64), rows.list.len().to_numpy().astype(np.int64)
    )


def lengths_of(starts: Longs, end: int) -> Longs:
    """How far each stretch reaches; the last one to `end`."""
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1:] = end - starts[-1:]
    return lengths


def distinct(slots: Longs, size: int) -> Longs:
    """The slots, all below `size`, once each and ascending."""
    if len(slots) < _MANY or len(slots) < size >> 3:
        # NumPy's own `unique` goes by hashes, and takes several times as long.
        in_order = np.sort(slots)
        return in_order[np.append(True, in_order[1:] != in_order[:-1])] if len(slots) else in_order
    is_there = np.zeros(size, np.bool_)
    is_there[slots] = True
    return np.flatnonzero(is_there)


def stable_order(slots: Longs) -> Longs:
    """Places in the order of `slots` (0 … 2³²), equal ones as they stood."""
    return sorted_slots(slots)[0]
