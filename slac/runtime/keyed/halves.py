"""The greatest code in a window that moves on: the rows held in two halves, so that each row is looked at twice.

Of each row in front the greatest code behind it is known, so that the greatest of all that is left is known while they
leave; of the rows behind, only the greatest of all (`Book`). When the front is empty, all that is held becomes it.
"""

from __future__ import annotations

import numpy as np

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed.book import Book
from slac.runtime.keyed.grouping import Longs, stable_order
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments, cumulative_peaks, following_peaks, ranged_peaks
from slac.runtime.keyed.turns import Turns

_FRONT = "<"


class Halves:
    """All peaks of one window; `left`: how many rows are in front."""

    def __init__(self, book: Book, names: list[str]) -> None:
        self._book, self._names = book, names
        self._behind: dict[str, Longs] = {}
        self.left = 0
        book.slots.add({name + _FRONT: LOWEST for name in names})

    def turn(self, held: Rows) -> None:
        """All rows that are held become the front."""
        slots = self._book.slots
        slots.reset(slots.used(), [*self._names, *(name + _FRONT for name in self._names)])
        self.left = len(held)
        if not self.left:
            return
        order, segments = _by_slot(held)
        for name in self._names:
            following = following_peaks(held.worth.peaks[name][order], segments)
            slots[name + _FRONT][held.slots[order][segments.starts]] = following[segments.starts]
            behind = np.append(following[1:], LOWEST)
            behind[segments.ends] = LOWEST
            self._behind[name] = np.empty_like(behind)
            self._behind[name][order] = behind

    def move(self, leaving: int, coming: Rows, found: Turns, seen: Longs) -> dict[str, Longs]:
        """The greatest codes for the rows `seen` of those that come, when `leaving` rows leave the front."""
        of = found.segments.of[found.places]
        places = np.maximum.accumulate(np.where(found.is_leaving, np.arange(len(found.order)), -1))
        order, segments = _by_slot(coming)
        upto = np.empty(len(coming), np.int64)
        slots, greatest = self._book.slots, {}
        for name in self._names:
            behind = self._behind[name][:leaving] if leaving else np.array([LOWEST])
            self._behind[name] = self._behind.get(name, behind[:0])[leaving:]
            front = slots[name + _FRONT][found.slots]
            at = places[found.places]
            left = np.where(at < found.segments.starts[of], front[of], behind[found.order[at] % len(behind)])
            upto[order] = cumulative_peaks(coming.worth.peaks[name][order], segments)
            back = slots[name][coming.slots]
            greatest[name] = np.maximum(np.maximum(upto, back), left)[seen]
            last = places[found.segments.ends]
            some = last >= found.segments.starts
            slots[name + _FRONT][found.slots[some]] = behind[found.order[last[some]]]
            ends = order[segments.ends]
            slots[name][coming.slots[ends]] = np.maximum(back, upto)[ends]
        self.left -= leaving
        return greatest


def wide_peaks(held: Rows, names: list[str], found: Turns, seen: Longs) -> dict[str, Longs]:
    """The same where rows leave that have just come: `held` are all rows, those that come being the last of them."""
    order, segments = _by_slot(held)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    high = places[len(held) - len(found.places) :][seen]
    gone = np.cumsum(found.is_leaving)
    at = found.places[seen]
    first = found.segments.starts[found.segments.of[at]]
    low = segments.starts[segments.of[high]] + gone[at] - gone[first] + found.is_leaving[first]
    return {name: ranged_peaks(held.worth.peaks[name][order], low, high) for name in names}


def _by_slot(rows: Rows) -> tuple[Longs, Segments]:
    order = stable_order(rows.slots)
    of = rows.slots[order]
    return order, Segments.at(np.append(True, of[1:] != of[:-1]))
