"""Rows of Int64 by slot, in pages: a row is read and written at once, and growing copies nothing."""

from __future__ import annotations

from typing import Final

import numpy as np

from slac.runtime.keyed.grouping import Longs

_ROWS: Final = 1 << 16


class Pages:
    """Rows of `width` numbers; memory is taken as they are written."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._pages: list[Longs] = []

    def grow(self, size: int) -> None:
        """Let there be rows for slots below `size`; what stands in new ones is not defined."""
        while len(self._pages) * _ROWS < size:
            self._pages.append(np.empty((_ROWS, self._width), np.int64))

    def read(self, slots: Longs) -> Longs:
        """The rows of these slots, which ascend."""
        if len(self._pages) == 1:
            return self._pages[0][slots]
        rows = np.empty((len(slots), self._width), np.int64)
        for page, a, b, inside in self._by_page(slots):
            np.take(page, inside, axis=0, out=rows[a:b], mode="clip")
        return rows

    def write(self, slots: Longs, rows: Longs) -> None:
        """Exchange the rows of these slots, which ascend."""
        for page, a, b, inside in self._by_page(slots):
            page[inside] = rows[a:b]

    def columns(self, size: int) -> list[Longs]:
        """All rows below `size`, by columns."""
        used = [page[: size - n * _ROWS] for n, page in enumerate(self._pages) if n * _ROWS < size]
        return [np.concatenate([page[:, column] for page in used]) for column in range(self._width)]

    def _by_page(self, slots: Longs) -> list[tuple[Longs, int, int, Longs]]:
        """Pages with the part of `slots` that each has, and their rows there."""
        bounds = np.searchsorted(slots, np.arange(len(self._pages) + 1) * _ROWS).tolist()
        return [
            (page, a, b, slots[a:b] - n * _ROWS)
            for n, (page, a, b) in enumerate(zip(self._pages, bounds[:-1], bounds[1:], strict=True))
            if a < b
        ]
