"""A directory of keys: key → slot, with NumPy columns of state by slot.

A batch is brought to its distinct keys first, and only those are looked up, so that its cost depends on them and not on
how many keys are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

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
        self._floats = [n for n, t in keys.items() if t.is_float()]
        self._slots: dict[tuple[Any, ...], int] = {}
        self._keys: list[tuple[Any, ...] | None] = []
        self._unused: list[int] = []
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

    def __getitem__(self, column: str) -> Longs:
        return self._columns[column]

    def __len__(self) -> int:
        return len(self._slots)

    def find(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row; keys that are not known get one. NULL is a key like any other."""
        names = list(self._types)
        if not names:
            return np.full(frame.height, self._slot(()), np.int64)
        keys = frame.select(pl.col(n).cast(t) for n, t in self._types.items())
        distinct = keys.unique()
        slots = pl.Series(SLOT, self._slots_of(self._hashable(distinct).rows()), pl.Int64)
        joined = keys.join(distinct.with_columns(slots), on=names, how="left", nulls_equal=True, maintain_order="left")
        return joined[SLOT].to_numpy().astype(np.int64)

    def of_distinct(self, frame: pl.DataFrame) -> Longs:
        """The slots of these (distinct) keys; those that are not known get one. Without key columns, the only slot."""
        if not self._types:
            return np.array([self._slot(())], np.int64)
        keys = self._key_rows(frame.select(pl.col(n).cast(t) for n, t in self._types.items()))
        return np.array(self._slots_of(keys), np.int64)

    def known(self, frame: pl.DataFrame) -> Longs:
        """The slots of those of these (distinct) keys that are held; without key columns, the only slot."""
        if not self._types:
            return self.used()
        keys = self._key_rows(frame.select(pl.col(n).cast(t) for n, t in self._types.items()))
        return np.array([self._slots[k] for k in keys if k in self._slots], np.int64)

    def places(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row's key; −1 where it is not held."""
        if not self._types:
            return np.full(frame.height, self._slots.get((), -1), np.int64)
        keys = self._key_rows(frame.select(pl.col(n).cast(t) for n, t in self._types.items()))
        return np.array([self._slots.get(k, -1) for k in keys], np.int64)

    def keys_of(self, slots: Longs) -> pl.DataFrame:
        """The key columns of these slots, a row each."""
        if not self._types:
            return pl.DataFrame()
        rows = [self._keys[s] for s in slots.tolist()]
        physical = {n: pl.String() if n in self._floats else t for n, t in self._types.items()}
        return pl.DataFrame(rows, schema=physical, orient="row").cast(self._types)  # type: ignore[arg-type]

    def reset(self, slots: Longs, columns: Iterable[str]) -> None:
        """Give these columns of these slots the values of new keys."""
        for name in columns:
            self._columns[name][slots] = self._blank[name]

    def free(self, slots: Longs) -> None:
        """Forget these keys. Their columns stay until `reset`; the slots may be given to other keys."""
        for slot in slots.tolist():
            key = self._keys[slot]
            if key is not None:
                del self._slots[key]
                self._keys[slot] = None
                self._unused.append(slot)

    def used(self) -> Longs:
        """All slots that hold a key, ascending."""
        return np.sort(np.fromiter(self._slots.values(), np.int64, len(self._slots)))

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
        slots = self.find(frame) if self._types else np.array([self._slot(())] * frame.height, np.int64)
        for name in self._columns:
            self._columns[name][slots] = frame[_stored(name)].to_numpy()
        return slots

    def restore(self, frame: pl.DataFrame) -> None:
        """Take over what `frame` gave; every key keeps its slot."""
        slots = frame[SLOT].to_list()
        size = max(slots, default=-1) + 1
        self._keys = [None] * size
        for slot, key in zip(slots, self._key_rows(frame), strict=True):
            self._keys[slot] = key
            self._slots[key] = slot
        self._unused = [s for s in range(size - 1, -1, -1) if self._keys[s] is None]
        self._grow(size)
        # What an earlier form of the block did not need has the values of a new key.
        for name in (n for n in self._columns if _stored(n) in frame.columns):
            self._columns[name][slots] = frame[_stored(name)].to_numpy()

    def _key_rows(self, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        return self._hashable(frame.select(list(self._types))).rows() if self._types else [()] * frame.height

    def _slots_of(self, keys: list[tuple[Any, ...]]) -> list[int]:
        """The slots of keys; most are known, and are looked up without a call for each."""
        found = list(map(self._slots.get, keys))
        return [self._slot(k) if s is None else s for k, s in zip(keys, found, strict=True)]

    def _slot(self, key: tuple[Any, ...]) -> int:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._unused.pop() if self._unused else len(self._keys)
            if slot == len(self._keys):
                self._keys.append(key)
                self._grow(slot + 1)
            self._keys[slot] = key
            self._slots[key] = slot
        return slot

    def _grow(self, size: int) -> None:
        capacity = len(next(iter(self._columns.values())))
        if size <= capacity:
            return
        more = max(size, 2 * capacity) - capacity
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate([column, np.full(more, self._blank[name], np.int64)])

    def _hashable(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A NaN does not equal itself in Python, and would be a new key each time: it goes by its name."""
        if not self._floats:
            return frame
        return frame.with_columns(
            pl.when(pl.col(n).is_nan()).then(pl.lit("NaN")).otherwise((pl.col(n) + 0.0).cast(pl.String)).alias(n)
            for n in self._floats
        )


def _stored(name: str) -> str:
    return f"_s.{name}"


def instants(values: Longs) -> pl.Series:
    """Instants in µs as a column of timestamps; BEGINNING becomes NULL."""
    series = pl.Series("", values, pl.Int64)
    return series.to_frame("t").select(pl.when(pl.col("t") > BEGINNING).then("t").cast(pl.Datetime("us", "UTC")))["t"]
