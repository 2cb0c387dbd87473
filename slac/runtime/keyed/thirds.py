"""The greatest code in a window that moves on: time in cells of half its size, and each row is looked at twice.

A window that ends in one cell has all of the cell before and what is left of the one before that. Of this one, the
front, the greatest code behind each row is known, so that the greatest of what is left is known while its rows leave;
of the others only the greatest of all. While time is in one cell, the rows of the cell before are looked at from the
back, a few with each batch: it is the next front, and no batch pays for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed.book import Book
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments, cumulative_peaks, following_peaks
from slac.runtime.keyed.turns import Turns, turns

_AT_ONCE: Final = 1 << 16
"""So many rows are looked at in one step when all that is held is taken over."""
_MIDDLE, _FRONT, _BEHIND = "=", "<", ">"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of one cell: `order` by slot and time, in `segments` (`slots`)."""

    codes: dict[str, Longs]
    order: Longs
    segments: Segments
    slots: Longs


class _Cell:
    """The rows of one cell, in the order of time, and from the back how great what follows each of them is."""

    def __init__(self, names: list[str], pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self.rows = self._unknown = sum(len(piece.order) for piece in pieces)
        self.behind = {name: np.empty(self.rows, np.int64) for name in names}

    def look(self, upto: int, book: Book) -> None:
        """Look at this many rows in all, if not at more."""
        while self._pieces and self.rows - self._unknown < upto:
            piece = self._pieces.pop()
            rows = slice(self._unknown - len(piece.order), self._unknown)
            for name, behind in self.behind.items():
                known = book.slots[name + _BEHIND]
                following = following_peaks(piece.codes[name][piece.order], piece.segments)
                first = known[piece.slots]
                known[piece.slots] = np.maximum(first, following[piece.segments.starts])
                following = np.append(following[1:], LOWEST)
                following[piece.segments.ends] = LOWEST
                behind[rows][piece.order] = np.maximum(following, first[piece.segments.of])
            self._unknown = rows.start


class Thirds:
    """All peaks of one window of `size` (µs, at least 2)."""

    def __init__(self, book: Book, names: list[str], size: int) -> None:
        self._book, self._names = book, names
        self._size, self._step = size, size // 2
        self._cell: int | None = None
        self._rear: list[_Piece] = []
        self._middle, self._front = _Cell(names, []), _Cell(names, [])
        self._left = 0
        book.slots.add({name + kind: LOWEST for name in names for kind in (_MIDDLE, _FRONT, _BEHIND)})

    def sections(self, times: Longs) -> list[slice]:
        """Rows in the order of time, cut where cells end."""
        cells = times // self._step
        cuts = np.flatnonzero(cells[1:] != cells[:-1]) + 1
        bounds = [0, *cuts.tolist(), len(times)]
        return [slice(a, b) for a, b in pairwise(bounds)]

    def move(self, leaving: Rows, coming: Rows, found: Turns, seen: Longs) -> dict[str, Longs]:
        """The greatest codes at `seen` (by `coming.order`), when these rows of one cell come and those leave."""
        self._enter(int(coming.times[0]))
        order, (segments, some) = found.coming.order, found.segments()
        piece = _Piece(coming.worth.peaks, order, segments, found.slots[some])
        greatest = {}
        for name in self._names:
            peaks = cumulative_peaks(piece.codes[name][order], segments)
            now = self._book.slots[name]
            before = np.maximum(now[found.slots], self._book.slots[name + _MIDDLE][found.slots])
            now[piece.slots] = np.maximum(now[piece.slots], peaks[segments.ends])
            greatest[name] = np.maximum(peaks, self._others(name, before, leaving, found))[seen]
        self._left += len(leaving) - self._strangers(leaving)
        self._rear.append(piece)
        self._look(int(coming.times[-1]))
        return greatest

    def take_over(self, held: Rows) -> None:
        """These rows are all that is held, whatever was known before."""
        slots = self._book.slots
        slots.reset(slots.used(), [n + kind for n in self._names for kind in ("", _MIDDLE, _FRONT, _BEHIND)])
        self._cell, self._rear, self._left = None, [], 0
        self._middle, self._front = _Cell(self._names, []), _Cell(self._names, [])
        for section in self.sections(held.times) if len(held) else []:
            for start in range(section.start, section.stop, _AT_ONCE):
                rows = held.part(slice(start, min(start + _AT_ONCE, section.stop)))
                found = turns(rows.part(slice(0)), rows, self._size)
                self.move(rows.part(slice(0)), rows, found, found.places[:0])

    def _others(self, name: str, before: Longs, leaving: Rows, found: Turns) -> Longs:
        """For each row that comes the greatest of `before` and what is left of the front, which is remembered."""
        front = self._book.slots[name + _FRONT]
        first = np.maximum(before, front[found.slots])
        if not len(leaving):
            return found.spread(first)
        starts, lengths = found.leaving.starts, found.leaving.lengths
        behind = self._behind(name, leaving, found)
        some = np.flatnonzero(lengths)
        front[found.slots[some]] = behind[(starts + lengths)[some] - 1]
        # Of each slot, those that leave are preceded by none that has left.
        none = found.gone == found.spread(starts)
        return np.where(none, found.spread(first), np.maximum(behind[found.gone - 1], found.spread(before)))

    def _behind(self, name: str, leaving: Rows, found: Turns) -> Longs:
        """For those that leave, by slot and time: the greatest code behind each in the front."""
        strangers = self._strangers(leaving)
        known = self._front.behind[name][self._left : self._left + len(leaving) - strangers]
        at = found.leaving.order - strangers
        if not strangers:
            return known[at]
        behind = np.repeat(self._book.slots[name + _FRONT][found.slots], found.leaving.lengths)
        behind[at >= 0] = known[at[at >= 0]]
        return behind

    def _strangers(self, leaving: Rows) -> int:
        """How many of those that leave are older than the front, which has begun since."""
        assert self._cell is not None
        return int(np.searchsorted(leaving.times, (self._cell - 2) * self._step, side="left"))

    def _enter(self, instant: int) -> None:
        cell = instant // self._step
        cells = 0 if self._cell is None else min(cell - self._cell, 3)
        self._cell = cell
        for _ in range(cells):
            self._middle.look(self._middle.rows, self._book)
            self._front, self._middle, self._left = self._middle, _Cell(self._names, self._rear), 0
            self._rear = []
            for name in self._names:
                slots = self._book.slots
                slots[name + _FRONT][:] = slots[name + _MIDDLE]
                slots[name + _MIDDLE][:] = slots[name]
                slots[name][:] = LOWEST
                slots[name + _BEHIND][:] = LOWEST

    def _look(self, instant: int) -> None:
        """As far as time has come in its cell."""
        self._middle.look(-(-self._middle.rows * (instant % self._step + 1) // self._step), self._book)
