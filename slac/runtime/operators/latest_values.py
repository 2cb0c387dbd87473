"""The latest row of each key, in columns by slot: a wave touches the keys that it has rows of, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.keyed.cells import Cells
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.key_slots import KeySlots
from slac.runtime.keyed.picking import picked
from slac.runtime.keyed.versions import last_of_each
from slac.runtime.operator import BEGINNING
from slac.stream.framing import column_of

_FIRST: Final = 64


class LatestValues:
    """Keys with time (`at`, Int64 µs by slot; BEGINNING where there is no row) and values of their latest rows."""

    def __init__(self, keys: Mapping[str, pl.DataType], values: Mapping[str, pl.DataType]) -> None:
        self.types = dict(values)
        self._slots = KeySlots(keys)
        self._cells = {name: Cells(name, dtype) for name, dtype in values.items()}
        self.nothing = {name: pl.Series(name, [None], dtype) for name, dtype in values.items()}
        """Of each value one row of NULL."""
        self.at: Longs = np.full(_FIRST, BEGINNING, np.int64)
        self._room: Longs = np.zeros(_FIRST, np.int64)
        self.oldest = -BEGINNING
        """No row is older (µs)."""

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def size(self) -> int:
        """All slots are less than this."""
        return self._slots.size

    def find(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row's key; −1 where none is known, or it is NULL."""
        return self._slots.find(frame)

    def enter(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row's key, new or not."""
        slots = self._slots.enter_all(frame)
        if self.size > len(self.at):
            size = max(self.size, 2 * len(self.at))
            self.at = np.concatenate([self.at, np.full(size - len(self.at), BEGINNING, np.int64)])
            self._room = np.zeros(size, np.int64)
            for cells in self._cells.values():
                cells.grow(size)
        return slots

    def among(self, slots: Longs, others: Longs) -> tuple[Longs, Longs, Longs]:
        """The distinct ones of both (−1 is none), and both as numbers of these."""
        together = np.concatenate([slots[slots >= 0], others])
        distinct = together[last_of_each(together, self._room)]
        self._room[distinct] = np.arange(len(distinct))
        return distinct, np.where(slots < 0, -1, self._room[slots]), self._room[others]

    def take(self, name: str, slots: Longs | slice) -> pl.Series:
        """A column of the rows of these slots."""
        return self._cells[name].take(slots)

    def store(self, slots: Longs, at: Longs, rows: pl.DataFrame, *, lasting: bool) -> None:
        """Take over the last row of each slot; rows are in order. With `lasting`, one without values ends its key."""
        last = last_of_each(slots, self._room)
        values = {name: rows[name] for name in self._cells}
        if len(last) < len(slots):
            slots, at = slots[last], at[last]
            # By columns: Polars gathers those of a frame in threads of its own.
            values = {name: picked(column, last) for name, column in values.items()}
        self.at[slots] = at
        self.oldest = min(self.oldest, int(at.min(initial=-BEGINNING)))
        for name, cells in self._cells.items():
            cells.put(slots, values[name])
        if lasting:
            known = [cells.known(slots) for cells in self._cells.values()]
            self.forget(slots[~np.logical_or.reduce(known)] if known else slots)

    def forget(self, slots: Longs) -> None:
        """Let go of these keys."""
        if len(slots):
            self.at[slots] = BEGINNING
            for cells in self._cells.values():
                cells.clear(slots)
            self._slots.free(slots)

    def sweep(self, horizon: int) -> None:
        """Let go of the rows before `horizon` (µs)."""
        if self.oldest < horizon:
            used = self._slots.used()
            at = self.at[used]
            self.forget(used[at < horizon])
            self.oldest = int(at[at >= horizon].min(initial=-BEGINNING))

    def frame(self) -> pl.DataFrame:
        """Keys, `_at` and values of all rows."""
        return self.part(self._slots.used())

    def part(self, slots: Longs) -> pl.DataFrame:
        """What `frame` gives, of these slots only."""
        slots = slots[self.at[slots] > BEGINNING]
        columns = [column_of(AT, self.at[slots]), *(cells.take(slots) for cells in self._cells.values())]
        return pl.DataFrame([*self._slots.keys_of(slots).get_columns(), *columns])
