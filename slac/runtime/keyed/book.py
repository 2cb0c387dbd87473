"""State by key as columns: the number of rows, the sum of each lane and the greatest code of each peak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.audits.slots import Slots
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Halved
from slac.runtime.keyed.integers import Integers, narrow, wide
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.operator import BEGINNING

COUNT: Final = "count"
LAST: Final = "_last"
"""Column (Int64 µs) of the time of a key's last row."""
_HIGH: Final = "^"


class Book:
    """Slots of keys with their totals. A lane has no column before some row was unusual in it (`live`)."""

    def __init__(self, keys: Mapping[str, pl.DataType], lanes: Lanes) -> None:
        self._lanes = lanes
        self._peaks = [one.name for one in lanes.peaks]
        self.slots = Slots(keys, {COUNT: 0, LAST: BEGINNING, **dict.fromkeys(self._peaks, LOWEST)})
        self.live: list[str] = []

    def __len__(self) -> int:
        return len(self.slots)

    def open(self, names: Iterable[str]) -> None:
        """There are unusual rows in these lanes."""
        for name in names:
            if name not in self.live:
                self.live.append(name)
                self.slots.add(dict.fromkeys([name, name + _HIGH] if self._lanes.wide[name] else [name], 0))

    def count(self, slots: Longs) -> Longs:
        """The number of rows; 0 where the slot is −1."""
        return np.where(slots < 0, 0, self.slots[COUNT][slots])

    def sums(self, name: str, slots: Longs) -> Integers:
        """The totals of a lane; 0 where the slot is −1."""
        low = np.where(slots < 0, 0, self.slots[name][slots])
        if not self._lanes.wide[name]:
            return low
        high = np.where(slots < 0, 0, self.slots[name + _HIGH][slots])
        return narrow(Halved(high, low.view(np.uint64)))

    def peaks(self, name: str, slots: Longs) -> Longs:
        """The greatest codes of a peak; the lowest of all where the slot is −1."""
        return np.where(slots < 0, LOWEST, self.slots[name][slots])

    def store(self, slots: Longs, count: Longs, worth: Worth) -> None:
        """Exchange what is known of these slots."""
        self.slots[COUNT][slots] = count
        for name, codes in worth.peaks.items():
            self.slots[name][slots] = codes
        for name, totals in worth.sums.items():
            halves = wide(totals)
            self.slots[name][slots] = halves.low.view(np.int64)
            if self._lanes.wide[name]:
                self.slots[name + _HIGH][slots] = halves.high

    def forget(self, slots: Longs) -> None:
        """Let go of the keys of these slots."""
        self.slots.reset(slots, self.slots.names)
        self.slots.free(slots)

    def parts(self, slots: Longs) -> list[pl.Series]:
        """The part columns of these slots."""
        sums = {name: self.sums(name, slots) for name in self.live}
        return self._lanes.parts(self.count(slots), Worth(sums, {n: self.peaks(n, slots) for n in self._peaks}))
