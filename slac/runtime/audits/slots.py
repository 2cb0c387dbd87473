"""A directory of keys: key → slot, with NumPy columns of state by slot.

A batch is brought to its distinct keys first, and only those are looked up, so that its cost depends on them and not on
how many keys are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.keyed.key_slots import KeySlots
from slac.runtime.operator import BEGINNING

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER: Final = 1 << 62
"""An instant that does not come."""
SLOT: Final = "_slot"
_FIRST_CAPACITY: Final = 64


class Slots:
    """Keys with columns of Int64, each with the value that a new key has.

    The arrays that `[name]` gives are exchanged when the directory grows: fetch them after `find`.
    """

    def __init__(self, keys: Mapping[str, pl.DataType], columns: Mapping[str, int]) -> None:
        self._types = dict(keys)
        self._blank = dict(columns)
        self._directory = KeySlots(keys)
        self._columns = {n: np.full(_FIRST_CAPACITY, v, np.int64) for n, v in columns.items()}

    def add(self, columns: Mapping[str, int]) -> None:
        """More columns, with the values that a new key has."""
        capacity = len(next(iter(self._columns.values()))) if self._columns else _FIRST_CAPACITY
        self._blank |= columns
        self._columns |= {n: np.full(capacity, v, np.int64) for n, v in columns.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self._columns)

    @property
    def size(self) -> int:
        """All slots are less than this."""
        return self._directory.size

    def __getitem__(self, column: str) -> Longs:
        return self._columns[column]

    def __len__(self) -> int:
        return len(self._directory)

    def find(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row; keys that are not known get one. NULL is a key like any other."""
        slots = self._directory.enter_all(frame)
        self._grow(self._directory.size)
        return slots

    def known(self, frame: pl.DataFrame) -> Longs:
        """The slots of those of these (distinct) keys that are held; without key columns, the only slot."""
        if not self._types:
            return self.used()
        slots = self._directory.find(frame)
        return slots[slots >= 0]

    def places(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row's key; −1 where it is not held."""
        return self._directory.find(frame)

    def keys_of(self, slots: Longs) -> pl.DataFrame:
        """The key columns of these slots, a row each."""
        return self._directory.keys_of(slots)

    def reset(self, slots: Longs, columns: Iterable[str]) -> None:
        """Give these columns of these slots the values of new keys."""
        for name in columns:
            self._columns[name][slots] = self._blank[name]

    def free(self, slots: Longs) -> None:
        """Forget these keys. Their columns stay until `reset`; the slots may be given to other keys."""
        self._directory.free(slots)

    def used(self) -> Longs:
        """All slots that hold a key, ascending."""
        return self._directory.used()

    def frame(self) -> pl.DataFrame:
        """All keys with their slot and columns, for a snapshot."""
        return self.part(self.used())

    def part(self, slots: Longs) -> pl.DataFrame:
        """What `frame` gives, of these slots only."""
        columns = [pl.Series(_stored(n), c[slots], pl.Int64) for n, c in self._columns.items()]
        # A frame without key columns has no height that columns could be added to.
        return pl.DataFrame([*self.keys_of(slots).get_columns(), pl.Series(SLOT, slots, pl.Int64), *columns])

    def graft(self, frame: pl.DataFrame) -> Longs:
        """Take over the keys of what `part` of another directory gave, with their columns; the slots they have here."""
        slots = self.find(frame)
        for name in self._columns:
            self._columns[name][slots] = frame[_stored(name)].to_numpy()
        return slots

    def restore(self, frame: pl.DataFrame) -> None:
        """Take over what `frame` gave; every key keeps its slot."""
        slots = frame[SLOT].to_numpy()
        self._directory.restore(slots, frame)
        self._grow(self._directory.size)
        # What an earlier form of the block did not need has the values of a new key.
        for name in (n for n in self._columns if _stored(n) in frame.columns):
            self._columns[name][slots] = frame[_stored(name)].to_numpy()

    def _grow(self, size: int) -> None:
        capacity = len(next(iter(self._columns.values())))
        if size <= capacity:
            return
        more = max(size, 2 * capacity) - capacity
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate([column, np.full(more, self._blank[name], np.int64)])


def _stored(name: str) -> str:
    return f"_s.{name}"


def instants(values: Longs) -> pl.Series:
    """Instants in µs as a column of timestamps; BEGINNING becomes NULL."""
    series = pl.Series("", values, pl.Int64)
    return series.to_frame("t").select(pl.when(pl.col("t") > BEGINNING).then("t").cast(pl.Datetime("us", "UTC")))["t"]
