"""The keys of slots in Polars columns, once each: new ones are added behind, and what has become of no use is in front.

Rows are not taken out where a slot is freed. Where most are of no use, some of the first rows are swept with each slot
that is freed: those still in use move behind the last. So no batch pays for all keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.keyed.chunks import join_small
from slac.runtime.keyed.grouping import Longs, Mask
from slac.runtime.keyed.hashed import AT_ONCE

Places = npt.NDArray[np.uint32]

_SLOT: Final = "#slot"
"""Column (UInt32) of the slot that a row was entered for; no name of a key has such a sign."""
_FEW: Final = 1024
_MANY: Final = 8192
"""So many keys always stand in one chunk: rows are taken out of one faster than out of several."""
_PORTION: Final = 1 << 14
"""So many rows are swept at least, and four for each slot that is freed."""


class KeyRows:
    """The keys of these columns; places are counted from the first row there ever was, modulo 2³²."""

    def __init__(self, types: Mapping[str, pl.DataType]) -> None:
        self._types = dict(types)
        self._place: Places = np.zeros(0, np.uint32)
        self._first = np.uint32(0)
        self._chunks: list[pl.DataFrame] = []
        self._joined: pl.DataFrame | None = None
        self._is_plain = True
        """Each slot stands at the place of its number: none has been freed yet."""
        self.height = 0

    def grow(self, size: int) -> None:
        """Let there be places for slots below `size`."""
        self._place = np.concatenate([self._place, np.zeros(size - len(self._place), np.uint32)])

    def add(self, keys: pl.DataFrame, slots: Longs) -> None:
        """The keys of slots that have none."""
        self._place[slots] = places = self._numbers(self.height, keys.height)
        self._is_plain = self._is_plain and bool((places == slots).all())
        self.height += keys.height
        self._chunks.append(_compact(keys).hstack([pl.Series(_SLOT, slots.astype(np.uint32))]))
        join_small(self._chunks)
        if len(self._chunks) > 1 and self.height <= _MANY:
            self._chunks = [pl.concat(self._chunks, rechunk=True)]
        self._joined = None

    def column(self, name: str) -> pl.Series:
        """A key of all rows; `places` says which is whose."""
        return self._all()[name]

    def places(self, slots: Longs) -> Places:
        """Where the key of each slot stands, for a slot without a key anywhere; there are rows."""
        if self._is_plain:
            # Less than 0 becomes the highest number there is.
            found = slots.astype(np.uint32)
            return np.minimum(found, np.uint32(self.height - 1), out=found)
        places = np.empty(len(slots), np.uint32)
        for start in range(0, len(slots), AT_ONCE):
            part = places[start : start + AT_ONCE]
            self._place.take(slots[start : start + AT_ONCE], mode="clip", out=part)
            part -= self._first
            np.minimum(part, np.uint32(self.height - 1), out=part)
        return places

    def keys_of(self, slots: Longs) -> pl.DataFrame:
        """The key columns of these slots, a row each."""
        places = pl.Series(self.places(slots))
        return pl.DataFrame([self.column(name)[places] for name in self._types])

    def freed(self, count: int, used: int, taken: Mask) -> None:
        """So many slots have been freed, so many still are not; `taken`: which of all."""
        if self.height <= _FEW + 2 * used:
            return
        if not used:
            self._chunks, self._joined, self.height = [], None, 0
            return
        rows = min(max(_PORTION, 4 * count), self.height)
        while rows > 0:
            rows -= self._sweep(rows, taken)

    def _sweep(self, rows: int, taken: Mask) -> int:
        """Sweep at most so many of the first chunk's rows, and say how many."""
        self._is_plain = False
        chunk = self._chunks[0]
        swept = chunk[:rows]
        self._chunks[:1] = [chunk[rows:]] if rows < chunk.height else []
        slots = swept[_SLOT].to_numpy()
        here = np.flatnonzero(taken[slots] & (self._place[slots] == self._numbers(0, swept.height)))
        self._first = np.uint32((int(self._first) + swept.height) & 0xFFFF_FFFF)
        self.height -= swept.height
        self._joined = None
        if len(here):
            kept = pl.Series(here.astype(np.uint32))
            self.add(pl.DataFrame([swept[name][kept] for name in self._types]), slots[here].astype(np.int64))
        return swept.height

    def _numbers(self, begin: int, count: int) -> Places:
        """The places of `count` rows from the row `begin` on."""
        numbers = np.arange(count, dtype=np.uint32)
        numbers += np.uint32((int(self._first) + begin) & 0xFFFF_FFFF)
        return numbers

    def _all(self) -> pl.DataFrame:
        if self._joined is None:
            self._joined = pl.concat(self._chunks, rechunk=False) if self._chunks else pl.DataFrame(schema=self._types)
        return self._joined


def _compact(keys: pl.DataFrame) -> pl.DataFrame:
    """Text of its own: rows that were taken from others would keep alive all the text that those stand in."""
    return pl.DataFrame([one + "" if one.dtype == pl.String else one for one in keys.get_columns()])
