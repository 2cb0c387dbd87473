"""State by key as columns: the number of rows, the sum of each lane and the greatest code of each peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.audits.slots import Slots
from slac.runtime.keyed.grouping import ByKey, Longs
from slac.runtime.keyed.lanes import Lanes
from slac.runtime.operator import BEGINNING

COUNT: Final = "count"
LAST: Final = "_last"
"""Column (Int64 µs) of the time of a key's last row."""
_HIGH: Final = "^"
_CARRY: Final = pl.Series([1 << 64], dtype=pl.Int128)


class Book:
    """Slots of keys with their totals. A lane has no column before some row was unusual in it."""

    def __init__(self, keys: Mapping[str, pl.DataType], lanes: Lanes) -> None:
        self._lanes = lanes
        self._peaks = [one.name for one in lanes.peaks]
        self.slots = Slots(keys, {COUNT: 0, LAST: BEGINNING, **dict.fromkeys(self._peaks, LOWEST)})
        self.live: list[str] = []

    def __len__(self) -> int:
        return len(self.slots)

    def slots_of(self, groups: ByKey) -> Longs:
        """The slot of each of the keys; those that are not known get one."""
        return self.slots.of_distinct(groups.keys)

    def open(self, names: Sequence[str]) -> None:
        """There are unusual rows in these lanes."""
        for name in names:
            if name not in self.live and name in self._lanes.usual:
                self.live.append(name)
                self.slots.add(dict.fromkeys([name, name + _HIGH] if self._lanes.wide[name] else [name], 0))

    def sums(self, name: str, slots: Longs) -> pl.Series:
        """The totals of a lane; 0 where the slot is −1."""
        low = np.where(slots < 0, 0, self.slots[name][slots])
        if not self._lanes.wide[name]:
            return pl.Series(low)
        high = np.where(slots < 0, 0, self.slots[name + _HIGH][slots])
        return pl.Series(high).cast(pl.Int128) * _CARRY + pl.Series(low.view(np.uint64)).cast(pl.Int128)

    def store(self, name: str, slots: Longs, totals: pl.Series) -> None:
        """Exchange the totals of a lane."""
        if not self._lanes.wide[name]:
            self.slots[name][slots] = totals.to_numpy()
            return
        frame = totals.alias("t").to_frame()
        low = frame.select(pl.col("t").cast(pl.UInt64, wrap_numerical=True))["t"]
        high = ((totals - low.cast(pl.Int128)) // _CARRY).cast(pl.Int64)
        self.slots[name][slots] = low.to_numpy().view(np.int64)
        self.slots[name + _HIGH][slots] = high.to_numpy()

    def peaks(self, name: str, slots: Longs) -> Longs:
        """The greatest codes of a peak; the lowest of all where the slot is −1."""
        return np.where(slots < 0, LOWEST, self.slots[name][slots])

    def take(self, slots: Longs, lanes: Mapping[str, pl.Series]) -> None:
        """Totals and codes of some slots, from a snapshot."""
        for name, values in lanes.items():
            if name in self._peaks:
                self.slots[name][slots] = values.to_numpy()
            else:
                self.store(name, slots, values)

    def forget(self, slots: Longs) -> None:
        """Let go of the keys of these slots."""
        self.slots.reset(slots, self.slots.names)
        self.slots.free(slots)

    def parts(self, slots: Longs) -> list[pl.Series]:
        """The part columns of these slots."""
        sums = {name: self.sums(name, slots) for name in self.live}
        return self._lanes.parts(self.slots[COUNT][slots], sums, {n: self.slots[n][slots] for n in self._peaks})
