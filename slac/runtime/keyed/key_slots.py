"""Keys → slots: small integers for the distinct values of some columns, found for a whole batch at once, and freed.

The keys stand in Polars columns, once each (`key_rows`). A table of open addressing leads from the
hash of a key to its slot, and whoever is found there is compared with the key itself, so that equal hashes do no harm.
Polars' hashes hold within one process only: they are made anew when a snapshot is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.keyed.grouping import Longs, distinct
from slac.runtime.keyed.hashed import Hashes, SlotTable
from slac.runtime.keyed.key_rows import KeyRows
from slac.stream.framing import column_of, frame_of, places_of

_FEW: Final = 1024
_GONE: Final = -1
_MANY: Final = 1 << 14
_SAMPLE: Final = 1 << 12


class KeySlots:
    """The keys that are held, of these columns; NULL is a key like any other, all NaN are one, and so are both zeros.

    Slots are given from 0 upwards; freed ones are given again first, the last one first. Without columns there is one
    key, that of all rows.
    """

    def __init__(self, types: Mapping[str, pl.DataType]) -> None:
        self._types = dict(types)
        self._floats = [n for n, t in types.items() if t.is_float()]
        self._table = SlotTable()
        self._rows = KeyRows(types)
        self._taken = np.zeros(0, np.bool_)
        self._unused: list[int] = []
        self._next = 0

    def __len__(self) -> int:
        return self._next - len(self._unused)

    @property
    def size(self) -> int:
        """All slots are less than this."""
        return self._next

    def find(self, frame: pl.DataFrame) -> Longs:
        """The slot of each row's key; −1 where it is not held."""
        if not self._types:
            return np.full(frame.height, 0 if self._next else _GONE, np.int64)
        keys = self._canonical(frame)
        return self._found(keys, _hashes(keys))

    def enter(self, frame: pl.DataFrame) -> Longs:
        """The slots of these (distinct) keys; those that are not held get one. Without columns, the only slot."""
        if not self._types:
            self._next = 1
            return np.zeros(1, np.int64)
        keys = self._canonical(frame)
        hashes = _hashes(keys)
        slots = self._found(keys, hashes)
        new = np.flatnonzero(slots < 0)
        if len(new):
            slots[new] = self._entered(*_some(keys, hashes, new))
        return slots

    def enter_all(self, frame: pl.DataFrame) -> Longs:
        """The same for keys that may stand there more than once: one slot a row."""
        if not self._types:
            return np.repeat(self.enter(frame), frame.height)
        keys = self._canonical(frame)
        pieces = _in_pieces(keys)
        if len(pieces) > 1:
            # Each by itself takes less time than to lay them one behind the other.
            return np.concatenate([self._entered_rows(piece) for piece in pieces])
        return self._entered_rows(keys)

    def keys_of(self, slots: Longs) -> pl.DataFrame:
        """The key columns of these slots, a row each."""
        if not self._types:
            return pl.DataFrame()
        if not len(slots):
            return pl.DataFrame(schema=self._types)
        return self._rows.keys_of(slots)

    def free(self, slots: Longs) -> None:
        """Forget these keys; slots that hold none are left as they are."""
        if not self._types:
            self._next = 0 if len(slots) else self._next
            return
        held = distinct(slots[self._taken[slots]], self._next)
        self._table.remove(held)
        self._taken[held] = False
        self._unused.extend(held.tolist())
        self._rows.freed(len(held), len(self), self._taken)

    def used(self) -> Longs:
        """All slots that hold a key, ascending."""
        if not self._types:
            return np.arange(self._next)
        return np.flatnonzero(self._taken[: self._next])

    def restore(self, slots: Longs, frame: pl.DataFrame) -> None:
        """Take over keys with their slots; only where none is held."""
        self._next = int(slots.max(initial=-1)) + 1
        if not self._types:
            return
        keys = self._canonical(frame)
        self._grow()
        self._keep(keys, _hashes(keys), slots)
        self._unused = np.flatnonzero(~self._taken[: self._next])[::-1].tolist()

    def _canonical(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = [frame[n] for n in self._types]
        if not self._floats and all(c.dtype == t for c, t in zip(columns, self._types.values(), strict=True)):
            return frame_of(columns)
        keys = frame.select(pl.col(n).cast(t) for n, t in self._types.items())
        nan = pl.lit(float("nan"))
        return keys.with_columns(
            pl.when(pl.col(n).is_nan()).then(nan).otherwise(pl.col(n) + 0.0).cast(self._types[n]).alias(n)
            for n in self._floats
        )

    def _found(self, keys: pl.DataFrame, hashes: Hashes) -> Longs:
        """Most keys are held, and stand where they are looked for first: for them that is all. −1: not held."""
        if not self._rows.height:
            return np.full(keys.height, _GONE, np.int64)
        slots = self._table.first(hashes)
        # Where nothing stands, nothing is further on: only who meets another key has to go there.
        held = np.flatnonzero(slots >= 0) if len(slots) and slots.min() < 0 else None
        others = self._differing(keys, slots, held)
        if len(others):
            slots[others] = self._searched(*_some(keys, hashes, others))
        return slots

    def _searched(self, keys: pl.DataFrame, hashes: Hashes) -> Longs:
        probe = self._table.begin(hashes)
        slots = self._table.find(hashes, probe)
        some = np.flatnonzero(slots >= 0)
        while len(some):
            others = self._differing(keys, slots, some)
            if not len(others):
                break
            # Another key of the same hash: what is looked for, if it is held, stands further on.
            ahead = probe[others] + 1
            slots[others] = self._table.find(hashes[others], ahead)
            probe[others] = ahead
            some = others[slots[others] >= 0]
        return slots

    def _differing(self, keys: pl.DataFrame, slots: Longs, rows: Longs | None) -> Longs:
        """Those of the rows (None: of all), all of which have a slot, whose key is not that of their slot."""
        if rows is not None and not len(rows):
            return rows
        slots = slots if rows is None else slots[rows]
        # By columns, since a query would cost more than what it does; places of 32 bits are those that Polars takes.
        places = column_of("", self._rows.places(slots))
        mine = None if rows is None else places_of(rows)
        found = []
        for name in self._types:
            same = _equal(self._rows.column(name)[places], keys[name] if mine is None else keys[name][mine])
            if not same.all():
                found.append(np.flatnonzero(~same.to_numpy()))
        if not found:
            return np.zeros(0, np.int64)
        others = distinct(np.concatenate(found), len(slots)) if len(found) > 1 else found[0]
        return others if rows is None else rows[others]

    def _entered(self, keys: pl.DataFrame, hashes: Hashes) -> Longs:
        """The slots that distinct keys get which are not held."""
        slots = self._take(keys.height)
        self._keep(keys, hashes, slots)
        return slots

    def _entered_rows(self, keys: pl.DataFrame) -> Longs:
        hashes = _hashes(keys)
        slots = self._found(keys, hashes)
        new = np.flatnonzero(slots < 0)
        if len(new) > _MANY:
            # Of many rows, the first ones mostly have all keys: to look up the others is cheaper than to group them.
            self._enter_rows(keys, hashes, new[:_SAMPLE], slots)
            slots[new] = self._found(*_some(keys, hashes, new))
            new = new[slots[new] < 0]
        if len(new):
            self._enter_rows(keys, hashes, new, slots)
        return slots

    def _enter_rows(self, keys: pl.DataFrame, hashes: Hashes, rows: Longs, slots: Longs) -> None:
        """The keys of these rows, none of which is held, get `slots`."""
        mine, their = _some(keys, hashes, rows)
        in_order = np.sort(their)
        # Keys of different hashes differ, which is told without a query.
        if not (in_order[1:] == in_order[:-1]).any():
            slots[rows] = self._entered(mine, their)
            return
        while len(rows):
            _, firsts = np.unique(their, return_index=True)
            firsts.sort()
            self._entered(*_some(mine, their, firsts))
            found = slots[rows] = self._found(mine, their)
            # What is left has another key of the same hash.
            rows = rows[found < 0]
            mine, their = _some(keys, hashes, rows)

    def _take(self, count: int) -> Longs:
        left = max(len(self._unused) - count, 0)
        again, self._unused[left:] = self._unused[left:][::-1], []
        first, self._next = self._next, self._next + count - len(again)
        self._grow()
        return np.concatenate([np.array(again, np.int64), np.arange(first, self._next)])

    def _grow(self) -> None:
        if self._next > len(self._taken):
            size = max(self._next, 2 * len(self._taken), _FEW)
            self._rows.grow(size)
            self._taken = np.concatenate([self._taken, np.zeros(size - len(self._taken), np.bool_)])

    def _keep(self, keys: pl.DataFrame, hashes: Hashes, slots: Longs) -> None:
        self._rows.add(keys, slots)
        self._taken[slots] = True
        self._table.add(hashes, slots)


def _hashes(keys: pl.DataFrame) -> Hashes:
    hashes: npt.NDArray[np.uint64] = keys.hash_rows().to_numpy()
    return hashes


def _some(keys: pl.DataFrame, hashes: Hashes, rows: Longs) -> tuple[pl.DataFrame, Hashes]:
    """Those of these rows, which are different ones."""
    if len(rows) == keys.height:
        return keys, hashes
    places = places_of(rows)
    return frame_of([one[places] for one in keys.get_columns()]), hashes.take(rows)


def _in_pieces(keys: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows, cut where the column that lies in most pieces is."""
    lengths = max((one.chunk_lengths() for one in keys.get_columns()), key=len)
    if len(lengths) == 1:
        return [keys]
    ends = np.cumsum(lengths).tolist()
    return [keys[end - length : end] for end, length in zip(ends, lengths, strict=True) if length]


def _equal(one: pl.Series, other: pl.Series) -> pl.Series:
    """Value by value; NULL equals NULL, and NaN NaN."""
    return one.eq_missing(other) if one.null_count() or other.null_count() else one == other
