"""The latest partial row of every key: a log to which new rows are added, and a directory of where each key's is.

A batch touches the rows of its own keys only. Chunks of the log are joined when several of one size have gathered, and
rows that were replaced, and keys that fell silent, are swept out when the log has grown to twice what was left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.slots import Longs, Slots
from slac.runtime.keyed.chunks import join_small
from slac.runtime.operator import BEGINNING

LAST: Final = "_last"
"""Column (Int64 µs) of the time of a key's last row."""
_PLACE: Final = "place"
_FEW: Final = 1024


class KeyLog:
    """One row of any columns a key. A key that was silent for more than `retain` µs is unknown."""

    def __init__(self, keys: Mapping[str, pl.DataType], retain: int) -> None:
        self._retain = retain
        self._slots = Slots(keys, {_PLACE: -1, LAST: BEGINNING})
        self._chunks: list[pl.DataFrame] = []
        self._rows = 0
        self._crowded = _FEW

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def rows(self) -> int:
        """Rows held, those included that were replaced."""
        return self._rows

    def latest(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        """The rows of those of these (distinct) keys that are known."""
        slots = self._slots.known(keys)
        places = self._slots[_PLACE][slots]
        return self._at(np.sort(places[places >= 0]))

    def replace(self, rows: pl.DataFrame, watermark: int) -> None:
        """These are the latest rows of their keys now: one a key, with `_last`."""
        if not rows.height:
            return
        slots = self._slots.find(rows)
        self._slots[_PLACE][slots] = np.arange(self._rows, self._rows + rows.height)
        self._slots[LAST][slots] = rows[LAST].to_numpy()
        self._chunks.append(rows)
        self._rows += rows.height
        join_small(self._chunks)
        if self._rows > self._crowded:
            self._sweep(watermark)
            self._crowded = _FEW + 2 * self._rows

    def forget(self, keys: pl.DataFrame) -> None:
        """Let go of these (distinct) keys; their rows are swept out later."""
        slots = self._slots.known(keys)
        self._slots.reset(slots, [_PLACE, LAST])
        self._slots.free(slots)

    def frame(self) -> pl.DataFrame | None:
        """The latest row of every key."""
        used = self._slots.used()
        return self._at(np.sort(self._slots[_PLACE][used]))

    def restore(self, rows: pl.DataFrame) -> None:
        """Take over what `frame` gave."""
        self.replace(rows, BEGINNING)

    def _at(self, places: Longs) -> pl.DataFrame | None:
        found, start = [], 0
        for chunk in self._chunks:
            low, high = np.searchsorted(places, [start, start + chunk.height])
            if low < high:
                found.append(chunk[places[low:high] - start])
            start += chunk.height
        return pl.concat(found) if found else None

    def _sweep(self, watermark: int) -> None:
        used = self._slots.used()
        gone = used[self._slots[LAST][used] < watermark - self._retain]
        self._slots.reset(gone, [_PLACE, LAST])
        self._slots.free(gone)
        used = self._slots.used()
        used = used[np.argsort(self._slots[_PLACE][used], kind="stable")]
        kept = self._at(self._slots[_PLACE][used])
        self._chunks = [] if kept is None else [kept.rechunk()]
        self._rows = len(used)
        self._slots[_PLACE][used] = np.arange(self._rows)
