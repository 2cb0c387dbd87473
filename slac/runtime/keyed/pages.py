"""Rows of Int64 by slot, in pages: a row is read and written at once, and growing copies nothing.

Each page but the first two is twice as long as the one before, so there are few: what a batch costs hardly depends on
how many rows there are. Memory of a page is taken by the system as its rows are written.
"""

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
        # Where each page begins, and where the last one ends.
        self._bounds = [0]

    def grow(self, size: int) -> None:
        """Let there be rows for slots below `size`; what stands in new ones is not defined."""
        while self._bounds[-1] < size:
            self._pages.append(np.empty((max(self._bounds[-1], _ROWS), self._width), np.int64))
            self._bounds.append(self._bounds[-1] + len(self._pages[-1]))

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
        used = [page[: size - begin] for page, begin in zip(self._pages, self._bounds, strict=False) if begin < size]
        return [np.concatenate([page[:, column] for page in used]) for column in range(self._width)]

    def _by_page(self, slots: Longs) -> list[tuple[Longs, int, int, Longs]]:
        """Pages with the part of `slots` that each has, and their rows there."""
        cuts = np.searchsorted(slots, self._bounds).tolist()
        pages = zip(self._pages, self._bounds[:-1], cuts[:-1], cuts[1:], strict=True)
        return [(page, a, b, slots[a:b] - begin) for page, begin, a, b in pages if a < b]
