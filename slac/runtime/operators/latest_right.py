"""The right side of a latest-join: rows until the watermark has passed them, then the latest of each key, by slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.keyed.grouping import Longs
from slac.runtime.operator import BEGINNING
from slac.runtime.operators.latest_meeting import Settled, met
from slac.runtime.operators.latest_values import LatestValues
from slac.runtime.operators.replayable import not_of_keys, of_keys
from slac.stream.batch import DEPTH, ID, instants
from slac.stream.order import in_order

ORDER: Final = (AT, "_right_depth", "_right_id")
_FEW: Final = 1024


class LatestRight:
    """Rows as keys, place in the total order, and value columns (`values`: name outside → name in the input, type).

    Rows that the watermark has not passed wait; of others only the latest of each key is held. Those that are older
    than `retain` are let go when half as many rows have come as are held. With `lasting` a latest row without any value
    is as good as none, and is forgotten.
    """

    def __init__(
        self, keys: Sequence[str], values: Mapping[str, tuple[str, pl.DataType]], retain: int, *, lasting: bool
    ) -> None:
        self._keys = list(keys)
        self._inside = {name: inside for name, (inside, _) in values.items()}
        self.types = {name: dtype for name, (_, dtype) in values.items()}
        self._retain = retain
        self._lasting = lasting
        self._recent: list[pl.DataFrame] = []
        self._latest: LatestValues | None = None
        self._since = 0

    @property
    def rows(self) -> int:
        """Rows held."""
        return sum(f.height for f in self._recent) + (0 if self._latest is None else len(self._latest))

    @property
    def lowest_recent(self) -> int | None:
        """Time of the earliest row that the watermark has not passed."""
        return min((int(f[AT][0]) for f in self._recent), default=None)

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows of the right input; those with a NULL in the key can match nothing."""
        depth = frame[DEPTH] if DEPTH in frame.columns else pl.Series(np.zeros(frame.height, np.uint16))
        place = [c.alias(n) for c, n in zip((instants(frame), depth, frame[ID]), ORDER, strict=True)]
        values = [typed(frame[self._inside[name]], dtype).alias(name) for name, dtype in self.types.items()]
        rows = pl.DataFrame([*(frame[k] for k in self._keys), *place, *values])
        if any(frame[k].null_count() for k in self._keys):
            rows = rows.drop_nulls(self._keys)
        self._wait([rows])

    def settle(self, watermark: int) -> Settled | None:
        """The rows that the watermark has passed, which wait no more: to be joined, and then to be stored."""
        passed, rest = [], []
        for frame in self._recent:
            place = int(np.searchsorted(frame[AT].to_numpy(), watermark))
            passed.append(frame[:place])
            rest.append(frame[place:])
        self._recent = [f for f in rest if f.height]
        passed = [f for f in passed if f.height]
        if not passed:
            return None
        rows = in_order(pl.concat(passed, rechunk=True) if len(passed) > 1 else passed[0], ORDER)
        return Settled(rows=rows, at=rows[AT].to_numpy(), slots=self._values_of(rows).enter(rows))

    def meet(self, left: pl.DataFrame, settled: Settled | None, *, strict: bool) -> list[pl.Series]:
        """The values that each row of `left` (keys and `_at`, in order) finds, NULL where there are none."""
        latest = self._latest
        if latest is None:
            return [pl.repeat(None, left.height, dtype=t, eager=True).alias(n) for n, t in self.types.items()]
        return met(left, latest, settled, strict=strict, retain=self._retain)

    @property
    def waits(self) -> bool:
        """Whether there are rows that the watermark has not passed."""
        return bool(self._recent)

    def enter(self, keys: pl.DataFrame) -> Longs:
        """The slots of these distinct keys, new or not; −1 where a part of one is NULL."""
        latest = self._values_of(keys)
        if not any(keys[name].null_count() for name in self._keys):
            return latest.enter(keys)
        slots = np.full(keys.height, -1, np.int64)
        rows = np.flatnonzero(np.logical_and.reduce([keys[name].is_not_null().to_numpy() for name in self._keys]))
        if len(rows):
            slots[rows] = latest.enter(keys[rows])
        return slots

    def held(self, slots: Longs) -> tuple[Longs, list[pl.Series]]:
        """Time (BEGINNING where there is none) and values of the latest rows of these slots, −1 being none."""
        latest = self._latest
        assert latest is not None
        some = np.maximum(slots, 0)
        return np.where(slots < 0, BEGINNING, latest.at[some]), [latest.take(name, some) for name in self.types]

    def exchange(self, slots: Longs, at: Longs, values: pl.DataFrame, *, of: int, watermark: int) -> None:
        """Keep these as the latest rows of distinct slots, the last ones of `of` rows; −1 is left out."""
        assert self._latest is not None
        known = np.flatnonzero(slots >= 0)
        if len(known) < len(slots):
            slots, at, values = slots[known], at[known], values[known]
        self._latest.store(slots, at, values, lasting=False)
        self._sweep(of, watermark)

    def store(self, settled: Settled | None, watermark: int) -> None:
        """Keep the latest of these rows of each key, and from time to time none that is older than `retain`."""
        if settled is None or self._latest is None:
            return
        self._latest.store(settled.slots, settled.at, settled.rows, lasting=self._lasting)
        self._sweep(settled.rows.height, watermark)

    def _sweep(self, rows: int, watermark: int) -> None:
        assert self._latest is not None
        self._since += rows
        if self._since > max(_FEW, len(self._latest) // 2):
            self._latest.sweep(watermark - self._retain)
            self._since = 0

    def frames(self) -> dict[str, pl.DataFrame]:
        """All that is held, for a snapshot."""
        latest = {} if self._latest is None or not len(self._latest) else {"latest": self._latest.frame()}
        return {"recent": pl.concat(self._recent), **latest} if self._recent else latest

    def restore(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        self._recent, self._latest = [], None
        if "recent" in frames:
            self._wait([frames["recent"].select(*self._keys, *ORDER, *self.types)])
        if "latest" in frames:
            self._take_over(frames["latest"])

    def known(self) -> pl.DataFrame | None:
        """The keys of which a row is held; None for none."""
        held = [f.select(self._keys) for f in self.frames().values()]
        return pl.concat(held).unique() if held else None

    def part(self, keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """What `frames` would give if there were these keys only."""
        if not self._keys or self._latest is None:
            return {name: of_keys(frame, keys, tuple(self._keys)) for name, frame in self.frames().items()}
        slots = self._latest.find(keys)
        parts = {"latest": self._latest.part(slots[slots >= 0])}
        if self._recent:
            parts["recent"] = of_keys(pl.concat(self._recent), keys, tuple(self._keys))
        return parts

    def graft(self, keys: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> None:
        """Exchange what is held of these keys for what `part` of another one gave."""
        others = [not_of_keys(f, keys, tuple(self._keys)) for f in self._recent]
        self._recent = []
        self._wait([*others, *([frames["recent"]] if "recent" in frames else [])])
        if self._latest is not None:
            slots = self._latest.find(keys) if self._keys else np.arange(self._latest.size)
            self._latest.forget(slots[slots >= 0])
        if "latest" in frames:
            self._take_over(frames["latest"])

    def _wait(self, frames: Sequence[pl.DataFrame]) -> None:
        self._recent += [in_order(f, [AT]) for f in frames if f.height]

    def _values_of(self, rows: pl.DataFrame) -> LatestValues:
        if self._latest is None:
            self._latest = LatestValues({k: rows.schema[k] for k in self._keys}, self.types)
        return self._latest

    def _take_over(self, rows: pl.DataFrame) -> None:
        if rows.height:
            latest = self._values_of(rows)
            latest.store(latest.enter(rows), rows[AT].to_numpy(), rows, lasting=self._lasting)


def typed(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The column in this type; itself where it has it."""
    return column if column.dtype == dtype else column.cast(dtype)
