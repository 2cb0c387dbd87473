"""One side of an interval join: rows until the watermark has passed them, then for as long as a partner may come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.keyed.chunks import join_small
from slac.runtime.operators.replayable import not_of_keys
from slac.stream.batch import DEPTH, ID, KEPT, SEEN, TIME, WEIGHT
from slac.stream.ids import hash_columns

KEY: Final = "_key"
"""Column (UInt64) with a hash of the key; rows of one key have one, whatever the batch."""
_META: Final = (TIME, DEPTH, ID, SEEN, KEPT, WEIGHT)
_FEW: Final = 4096


class IntervalSide:
    """`reach`: a row is of use until the watermark is so many µs behind it; `limit`: so many rows of a key at most.

    Rows that have passed stand in the total order, with `_at` and `_key`. They are thinned out when they have become
    many, so that what that costs is spread over the rows that led to it.
    """

    def __init__(self, keys: Sequence[str], columns: Sequence[str], *, reach: int, limit: int, unkeyed: bool) -> None:
        self._keys = list(keys)
        self._columns = list(dict.fromkeys([*_META, *keys, *columns]))
        self._reach = reach
        self._limit = limit
        self._keeps_unkeyed = unkeyed
        self._passed: list[pl.DataFrame] = []
        self._crowded = _FEW
        self.waiting = HeldRows()
        self.unkeyed = 0

    @property
    def rows(self) -> int:
        """Rows held."""
        return self.waiting.rows + sum(f.height for f in self._passed)

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows in any order; those with a NULL in the key match nothing, and are counted."""
        frame = frame.select(c for c in self._columns if c in frame.columns)
        keyed = frame.drop_nulls(self._keys)
        self.unkeyed += frame.height - keyed.height
        self.waiting.add(frame if self._keeps_unkeyed else keyed)

    def release(self, watermark: int) -> pl.DataFrame | None:
        """The rows that the watermark passes now, in the total order; `hold` takes them back."""
        ready = self.waiting.release(watermark)
        return None if ready is None else ready.with_columns(hash_columns(ready, self._keys, 0).alias(KEY))

    def partners(self, others: pl.DataFrame, ready: pl.DataFrame | None) -> pl.DataFrame | None:
        """All rows with a key of `others`, those of before and `ready`, sorted by key and then in the total order."""
        keys = others[KEY].unique().implode()
        found = [f.filter(pl.col(KEY).is_in(keys)) for f in (*self._passed, *([] if ready is None else [ready]))]
        found = [f for f in found if f.height]
        # Frames follow one another in time, so a sort that keeps their order is enough.
        return pl.concat(found, how="diagonal").sort(KEY, maintain_order=True) if found else None

    def hold(self, ready: pl.DataFrame | None, watermark: int) -> None:
        """Keep rows that have passed, and let go of those that nothing can match any more."""
        if ready is not None:
            self._passed.append(ready.drop_nulls(self._keys) if self._keeps_unkeyed else ready)
            join_small(self._passed)
        if sum(f.height for f in self._passed) <= self._crowded:
            return
        rows = pl.concat(self._passed, how="diagonal").filter(pl.col(AT) > watermark - self._reach)
        rows = rows.filter(pl.col(ID).cum_count(reverse=True).over(KEY) <= self._limit)
        self._passed = [rows] if rows.height else []
        self._crowded = _FEW + 2 * rows.height

    def known(self) -> list[pl.DataFrame]:
        """The keys of the rows that have passed."""
        return [f.select(self._keys) for f in self._passed]

    def graft(self, keys: pl.DataFrame, name: str, frames: Mapping[str, pl.DataFrame]) -> None:
        """Exchange the rows of these keys that have passed for those which another side's `frames` gave."""
        others = [not_of_keys(f, keys, tuple(self._keys)) for f in self._passed]
        mine = frames.get(f"{name}.passed")
        self._passed = [f for f in (*others, *([] if mine is None else [mine])) if f.height]

    def frames(self, name: str) -> dict[str, pl.DataFrame]:
        """All that is held, for a snapshot."""
        waiting = self.waiting.frame()
        passed = pl.concat(self._passed, how="diagonal") if self._passed else None
        found = {f"{name}.waiting": waiting, f"{name}.passed": passed}
        return {n: f for n, f in found.items() if f is not None}

    def restore(self, name: str, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        if (waiting := frames.get(f"{name}.waiting")) is not None:
            self.waiting.add(waiting)
        if (passed := frames.get(f"{name}.passed")) is not None:
            self._passed = [passed]
