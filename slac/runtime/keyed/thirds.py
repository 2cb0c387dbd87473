"""The greatest code in a window that moves on: time in cells of half its size, and each row is looked at twice.

A window that ends in one cell has all of the cell before and what is left of the one before that. Of this one, the
front, the rows are known behind which the greatest code falls (`keyed.falls`), so that the greatest of what is left is
known while rows leave; of the others only the greatest of all. While time is in one cell, the rows of the cell before
are looked at from the back, a few with each batch: it is the next front, and no batch pays for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed.book import Book
from slac.runtime.keyed.falls import NO_FALLS, Falls, falls_of
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import peaks_above
from slac.runtime.keyed.turns import Turns, turns

_AT_ONCE: Final = 1 << 16
"""So many rows are looked at in one step when all that is held is taken over."""
_MIDDLE, _FRONT, _BEHIND = "=", "<", ">"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of one cell in the order of time: their slots and codes."""

    slots: Longs
    codes: dict[str, Longs]


class _Cell:
    """The rows of one cell, in the order of time, which are looked at from the back."""

    def __init__(self, names: list[str], pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self.rows = self._unknown = sum(len(piece.slots) for piece in pieces)
        self._found: dict[str, list[Falls]] = {name: [] for name in names}

    def look(self, upto: int, book: Book) -> None:
        """Look at this many rows in all, if not at more."""
        while self._pieces and self.rows - self._unknown < upto:
            piece = self._pieces.pop()
            self._unknown -= len(piece.slots)
            for name, found in self._found.items():
                falls = falls_of(piece.codes[name], piece.slots, book.slots[name + _BEHIND])
                found.append(falls.moved(self._unknown))

    def leave(self, name: str, begin: int, end: int) -> Falls:
        """Where the greatest code falls in these rows, all of which have been looked at; none before is asked again."""
        # The last pieces found are the first of the cell; only those that are reached are touched.
        found, parts = self._found[name], [NO_FALLS]
        while found:
            parts.append(found[-1].between(begin, end))
            if len(found[-1]) and found[-1].places[-1] >= end:
                break
            found.pop()
        return parts[1] if len(parts) == 2 else Falls.joined(parts)


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
        first, last = int(times[0]) // self._step, int(times[-1]) // self._step
        if first == last:
            return [slice(0, len(times))]
        cells = times // self._step
        cuts = np.flatnonzero(cells[1:] != cells[:-1]) + 1
        bounds = [0, *cuts.tolist(), len(times)]
        return [slice(a, b) for a, b in pairwise(bounds)]

    def move(self, leaving: Rows, coming: Rows, found: Turns, seen: Longs) -> dict[str, Longs]:
        """The greatest codes at `seen` (by `coming.order`), when these rows of one cell come and those leave."""
        self._enter(int(coming.times[0]))
        order, (segments, some) = found.coming.order, found.segments()
        piece, of = _Piece(coming.slots, coming.worth.peaks), found.slots[some]
        greatest = {}
        strangers = self._strangers(leaving)
        end = self._left + len(leaving) - strangers
        for name in self._names:
            codes = piece.codes[name].take(order)
            now, front = self._book.slots[name], self._book.slots[name + _FRONT]
            before = np.maximum(now[found.slots], self._book.slots[name + _MIDDLE][found.slots])
            now[of] = np.maximum(now[of], np.maximum.reduceat(codes, segments.starts))
            first = last = front[found.slots]
            falls = self._front.leave(name, self._left, end)
            if len(falls):
                # Of each slot the last one stands.
                front[falls.slots] = falls.left
                last = front[found.slots]
            floors = np.maximum(before, last)
            peaks = peaks_above(codes, floors[some], segments)
            if len(falls) and len(falling := np.flatnonzero(first > floors)):
                gone = _Gone(leaving.times, coming.times, self._size, self._left - strangers)
                _raise(peaks, falls, found, first, falling, gone)
            greatest[name] = peaks.take(seen)
        self._left = end
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


@dataclass(frozen=True, slots=True)
class _Gone:
    """How many rows of the front have left: of those that leave, `shift` more than their number."""

    leaving: Longs
    coming: Longs
    size: int
    shift: int

    def at(self, rows: Longs) -> Longs:
        """When each of these rows has come."""
        gone = np.searchsorted(self.leaving, self.coming.take(rows) - self.size, side="right")
        return gone + self.shift


def _raise(peaks: Longs, falls: Falls, found: Turns, first: Longs, falling: Longs, gone: _Gone) -> None:
    """Where more was in the front than is in the end, to what is left of it at each row that comes."""
    is_falling = np.zeros(len(found.slots), np.bool_)
    is_falling[falling] = True
    rows = np.flatnonzero(found.spread(is_falling))
    lengths = found.coming.lengths[falling]
    of, known = np.repeat(found.slots[falling], lengths), np.repeat(first[falling], lengths)
    left = falls.left_of(of, gone.at(found.coming.order.take(rows)), known)
    peaks[rows] = np.maximum(peaks[rows], left)
