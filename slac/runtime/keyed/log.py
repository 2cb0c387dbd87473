"""Rows that still count, in the order of time: new ones are added behind, and those too old leave in front."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.integers import Integers, joined
from slac.runtime.keyed.lanes import Worth


@dataclass(frozen=True, slots=True)
class Rows:
    """Instants (µs), slots of the keys, and what each row is worth."""

    times: Longs
    slots: Longs
    worth: Worth

    def __len__(self) -> int:
        return len(self.times)

    def lane(self, name: str) -> Integers:
        """What is unusual in a lane."""
        return self.worth.sums[name] if name in self.worth.sums else np.zeros(len(self), np.int64)

    def part(self, rows: slice) -> Rows:
        """Some of them."""
        return Rows(self.times[rows], self.slots[rows], self.worth.part(rows))


NO_ROWS = Rows(np.empty(0, np.int64), np.empty(0, np.int64), Worth())


class Log:
    """Rows as they were added, a piece a batch."""

    def __init__(self) -> None:
        self._pieces: deque[Rows] = deque()

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def add(self, rows: Rows) -> None:
        """Rows that are no earlier than those held, in the order of time."""
        if len(rows):
            self._pieces.append(rows)

    def upto(self, instant: int) -> int:
        """How many rows are at or before an instant."""
        number = 0
        for piece in self._pieces:
            if piece.times[-1] > instant:
                return number + int(np.searchsorted(piece.times, instant, side="right"))
            number += len(piece)
        return number

    def leave(self, number: int) -> Rows:
        """Remove and give the first rows."""
        gone = []
        while number:
            piece = self._pieces.popleft()
            if len(piece) > number:
                self._pieces.appendleft(piece.part(slice(number, None)))
                piece = piece.part(slice(number))
            gone.append(piece)
            number -= len(piece)
        return _joined(gone)

    def all(self) -> Rows:
        """All rows held."""
        return _joined(self._pieces)


def _joined(pieces: Sequence[Rows]) -> Rows:
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return NO_ROWS
    # In halves, so that what is joined one by one does not cost the square.
    middle = len(pieces) // 2
    first, second = _joined(list(pieces)[:middle]), _joined(list(pieces)[middle:])
    return one_behind(first, second)


def one_behind(first: Rows, second: Rows) -> Rows:
    """One behind the other."""
    names = [*first.worth.sums, *(n for n in second.worth.sums if n not in first.worth.sums)]
    sums = {n: joined(first.lane(n), second.lane(n)) for n in names}
    known = {*first.worth.peaks, *second.worth.peaks}
    nothing = np.empty(0, np.int64)
    peaks = {n: np.concatenate([first.worth.peaks.get(n, nothing), second.worth.peaks.get(n, nothing)]) for n in known}
    times = np.concatenate([first.times, second.times])
    return Rows(times, np.concatenate([first.slots, second.slots]), Worth(sums, peaks))
