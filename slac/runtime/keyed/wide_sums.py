"""Sums of 128 bits by name and slot, all in one pair of arrays: a batch adds to many names at the cost of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from slac.plan.estimates.totals import Groups
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Halved, Words

_HALF: Final = 32
_BELOW: Final = np.uint64((1 << _HALF) - 1)


class WideSums:
    """A row a name, in the order in which they came, and a column a slot."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._low = np.zeros((0, 0), np.uint64)
        self._high = np.zeros((0, 0), np.int64)

    def add(self, names: Sequence[str], slots: Longs, low: Words, high: Longs) -> None:
        """`low` and `high`: 64 bits of each number, a row a name and a column for each of the (distinct) slots."""
        self._grow(names, int(slots.max()) + 1)
        at = np.ix_(np.array([self._places[name] for name in names]), slots)
        before = self._low[at]
        total = before + low
        self._low[at] = total
        self._high[at] += high + (total < before)

    def of(self, name: str, slots: Longs) -> Halved | None:
        """The sums of some slots; None for a name to which nothing was added."""
        place = self._places.get(name)
        if place is None:
            return None
        held = slots < self._low.shape[1]
        near = np.where(held, slots, 0)
        low, high = self._low[place][near], self._high[place][near]
        return Halved(np.where(held, high, 0), np.where(held, low, np.uint64(0)))

    def words(self, names: Sequence[str], slots: Longs) -> tuple[Words, Longs]:
        """The sums of some slots as `add` takes them, 0 where there are none."""
        low, high = np.zeros((len(names), len(slots)), np.uint64), np.zeros((len(names), len(slots)), np.int64)
        known = np.array([row for row, name in enumerate(names) if name in self._places], np.int64)
        held = np.flatnonzero(slots < self._low.shape[1])
        if len(known) and len(held):
            mine = np.ix_(np.array([self._places[names[row]] for row in known]), slots[held])
            low[np.ix_(known, held)], high[np.ix_(known, held)] = self._low[mine], self._high[mine]
        return low, high

    def _grow(self, names: Sequence[str], size: int) -> None:
        for name in names:
            self._places.setdefault(name, len(self._places))
        rows, columns = self._low.shape
        more = len(self._places) - rows, max(size - columns, 0)
        if any(more):
            around = ((0, more[0]), (0, more[1]))
            self._low, self._high = np.pad(self._low, around), np.pad(self._high, around)


def sums_of(numbers: Halved, groups: Groups) -> Halved:
    """Of numbers that lie group by group."""
    low, middle = numbers.low & _BELOW, numbers.low >> np.uint64(_HALF)
    least, more = (np.add.reduceat(part.view(np.int64), groups.starts) for part in (low, middle))
    above = Halved(np.add.reduceat(numbers.high, groups.starts) + (more >> _HALF), (more << _HALF).view(np.uint64))
    return above + Halved.of(least)
