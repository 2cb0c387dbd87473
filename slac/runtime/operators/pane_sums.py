"""Rows of open panes, added up in place: a number a key, pane and part, in columns of NumPy by slot.

What is written here becomes partial rows when somebody reads the pane, so nothing has to be merged when it closes. It
is worth it where many rows have few keys; what is not taken goes the usual way, and both meet in the partial rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import family, partial_schema
from slac.plan.aggregation.additive import additive
from slac.plan.aggregation.peaks import LOWEST, peak
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.ends import is_end
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Halved
from slac.runtime.keyed.integers import SAFE, Integers, added, bound, joined
from slac.runtime.keyed.key_slots import KeySlots
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.wide_sums import WideSums, sums_of
from slac.runtime.operators.pane_beside import BesideSums, is_beside
from slac.runtime.operators.pane_ends import EndCalls, PaneEnd, Placed, of_panes
from slac.runtime.operators.pane_later import Later, Order
from slac.stream.framing import frame_of

_FEW: Final = 4096
"""Fewer rows cost as much to look up as to group."""
_SHARE: Final = 8
"""So many rows of a batch are wanted for each key that is new."""
_MOST: Final = 1 << 14
"""Keys of all panes: what has more is better off in the tables of panes."""
_PAUSE: Final = 16
"""So many batches go the usual way after one of which the keys were too many."""
_LATER: Final = 1 << 17
"""So many rows with weights wait to be added up together: a third of what it costs for each wave is for any size."""
_HALF: Final = 32
_BELOW: Final = np.int64((1 << _HALF) - 1)


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows `begin` … `end` of a batch belong to the pane that begins at `start` and is over at `expires`."""

    start: int
    expires: int
    begin: int
    end: int


@dataclass(slots=True)
class _Sums:
    """One pane: rows a slot, what they add up to beside what is usual, the greatest magnitude of each, and peaks.

    `high`: of sums that may leave 64 bits, what is above 32 bits of each number; `sums` has what is below. `wide`: what
    is of 128 bits before it is added up, and what weights add. `later`: rows with weights that wait for it. `ends`: of
    each call that is FIRST or LAST, its values.
    """

    count: Longs
    ends: Sequence[PaneEnd] = ()
    sums: dict[str, Longs] = field(default_factory=dict)
    high: dict[str, Longs] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, Longs] = field(default_factory=dict)
    wide: WideSums = field(default_factory=WideSums)
    later: Later = field(default_factory=Later)

    def add(self, slots: Longs, worth: Worth, size: int) -> None:
        """Rows of these slots, of `size` that there are."""
        count = np.bincount(slots, minlength=size)
        count[: len(self.count)] += self.count
        self.count, rows = count, int(count.max())
        for name, numbers in worth.sums.items():
            if isinstance(numbers, np.ndarray):
                self._add_sum(name, slots, np.ascontiguousarray(numbers), rows)
        for name, codes in worth.peaks.items():
            self.peaks[name] = _grown(self.peaks.get(name), size, LOWEST)
            np.maximum.at(self.peaks[name], slots, np.ascontiguousarray(codes))

    def add_wide(self, order: Order, worth: Worth) -> None:
        """Of the same rows what is of 128 bits."""
        for name, numbers in worth.sums.items():
            if isinstance(numbers, Halved):
                total = sums_of(numbers[order.rows], order.groups)
                self.wide.add([name], order.slots, total.low[None], total.high[None])

    def add_ends(self, slots: Longs, rows: Placed) -> None:
        """Of the same rows what is FIRST or LAST."""
        order = rows.order()
        for end, values in zip(self.ends, rows.values, strict=True):
            end.add(slots, rows, values, order, len(self.count))

    def worth(self, slots: Longs, names: Iterable[str]) -> Worth:
        """Of these slots."""
        size = len(self.count)
        sums: dict[str, Integers] = {name: wide for name in names if (wide := self.wide.of(name, slots)) is not None}
        for name, numbers in self.sums.items():
            found: Integers = _grown(numbers, size, 0)[slots]
            if name in self.high:
                high = _grown(self.high[name], size, 0)[slots]
                above = Halved(high >> _HALF, (high << _HALF).view(np.uint64))
                found = above + Halved.of(_grown(numbers, size, 0)[slots])
            sums[name] = added(sums[name], found) if name in sums else found
        return Worth(sums, {name: _grown(codes, size, LOWEST)[slots] for name, codes in self.peaks.items()})

    def _add_sum(self, name: str, slots: Longs, numbers: Longs, rows: int) -> None:
        """`rows`: so many at most have been added to one slot, these among them."""
        size = len(self.count)
        self.sums[name] = held = _grown(self.sums.get(name), size, 0)
        self.most[name] = most = max(bound(numbers), self.most.get(name, 0))
        if name not in self.high and rows * most >= SAFE:
            self.high[name] = held >> _HALF
            held &= _BELOW
        if name in self.high:
            self.high[name] = high = _grown(self.high[name], size, 0)
            np.add.at(high, slots, numbers >> _HALF)
            numbers = numbers & _BELOW
        np.add.at(held, slots, numbers)


class PaneSums:
    """The panes of one window node that are being written; `taken_out` empties them."""

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall]) -> None:
        plain = [call for call in calls if not is_beside(call) and not is_end(call)]
        fits = bool(keys) and all(additive(family(c), c) is not None or peak(family(c), c) is not None for c in plain)
        self._lanes = Lanes(plain) if fits else None
        self._beside, self._ends = BesideSums(calls), EndCalls(calls)
        self._names, self._calls = list(keys), calls
        self._directory: KeySlots | None = None
        self._types: dict[str, pl.DataType] = {}
        self._panes: dict[tuple[int, int], _Sums] = {}
        self._pause = 0
        self.is_full = False
        """There is no room for more keys before all panes are taken out."""

    @property
    def places(self) -> Sequence[tuple[int, int]]:
        """Start and expiry of each pane."""
        return list(self._panes)

    @property
    def rows(self) -> int:
        """Partial rows that `taken_out` would give."""
        return sum(int(np.count_nonzero(pane.count)) for pane in self._panes.values())

    def take(self, frame: pl.DataFrame, pieces: Sequence[Piece]) -> Sequence[Piece]:
        """Add the rows of these panes, as far as they fit here; the pieces that do not."""
        if self._lanes is None or frame.height < _FEW:
            return pieces
        if self._pause:
            self._pause -= 1
            return pieces
        slots = self._slots(frame)
        if slots is None:
            return pieces
        worth, beside = self._lanes.of(frame), self._beside.asked(frame)
        for piece in pieces:
            self._add(piece, slots, worth, beside)
        if (ends := self._ends.asked(frame)) is not None:
            for piece in pieces:
                rows = slice(piece.begin, piece.end)
                self._panes[piece.start, piece.expires].add_ends(slots[rows], ends.part(rows))
        return ()

    def taken_out(self, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, pl.DataFrame]]:
        """Start, expiry and partial rows (one a key) of some panes; they are empty here from then on."""
        for place in places:
            yield *place, self.together([place])[0]

    def together(self, places: Sequence[tuple[int, int]]) -> tuple[pl.DataFrame, Longs]:
        """Partial rows of some panes one behind the other, and how many each has: as `taken_out`, for less."""
        made = self._partials([self._panes.pop(place) for place in places])
        if self.is_full and not self._panes:
            self._directory, self.is_full = None, False
        return made

    def _add(self, piece: Piece, slots: Longs, worth: Worth, beside: pl.DataFrame | None) -> None:
        assert self._directory is not None
        rows = slice(piece.begin, piece.end)
        if piece.end - piece.begin < len(slots):
            slots, worth, beside = slots[rows], worth.part(rows), None if beside is None else beside[rows]
        place = (piece.start, piece.expires)
        if place not in self._panes:
            self._panes[place] = _Sums(np.zeros(0, np.int64), self._ends.of_pane())
        pane = self._panes[place]
        pane.add(slots, worth, self._directory.size)
        if any(isinstance(numbers, Halved) for numbers in worth.sums.values()):
            pane.add_wide(Order.of(slots), worth)
        if beside is not None:
            pane.later.add(beside, slots)
            if sum(each.later.height for each in self._panes.values()) >= _LATER:
                for each in self._panes.values():
                    self._work_off(each)

    def _work_off(self, pane: _Sums) -> None:
        """What weights add, of the rows that wait for it."""
        if (found := pane.later.taken()) is not None:
            self._beside.add(found.rows, found.slots, pane.wide)

    def _slots(self, frame: pl.DataFrame) -> Longs | None:
        """The slot of each row's key; None where keys are too many, or of a kind that is not looked up."""
        if self._directory is None and not self._opened(frame):
            return None
        directory = self._directory
        assert directory is not None
        slots = directory.find(frame)
        if int(slots.min()) >= 0:
            return slots
        new = np.flatnonzero(slots < 0)
        rows = frame.select(self._names)
        rows = rows if len(new) == frame.height else rows[pl.Series(new.astype(np.uint32))]
        distinct = rows.unique()
        self.is_full = directory.size + distinct.height > _MOST
        if self.is_full or distinct.height * _SHARE > frame.height:
            self._pause = _PAUSE
            return None
        directory.enter(distinct)
        slots[new] = directory.find(rows)
        return slots

    def _opened(self, frame: pl.DataFrame) -> bool:
        types = {name: frame.schema[name] for name in self._names}
        if any(dtype.is_float() or dtype.is_nested() for dtype in types.values()):
            # Of zeros and NaN that are alike, and of what is nested, grouping says which one stands for all.
            self._lanes = None
            return False
        self._directory = KeySlots(types)
        self._types = partial_schema(types, self._calls)
        return True

    def _partials(self, panes: Sequence[_Sums]) -> tuple[pl.DataFrame, Longs]:
        """Keys and parts, pane by pane, and how many rows each has."""
        assert self._directory is not None
        assert self._lanes is not None
        for pane in panes:
            self._work_off(pane)
        slots = [np.flatnonzero(pane.count) for pane in panes]
        worth = _joined([pane.worth(of, self._lanes.usual) for pane, of in zip(panes, slots, strict=True)], slots)
        count = np.concatenate([pane.count[of] for pane, of in zip(panes, slots, strict=True)])
        parts = [*self._directory.keys_of(np.concatenate(slots)).get_columns(), *self._lanes.parts(count, worth)]
        beside = [self._beside.parts(of, pane.wide) for pane, of in zip(panes, slots, strict=True)]
        parts += [pl.concat(columns) for columns in zip(*beside, strict=True)]
        parts += [of_panes(ends, slots) for ends in zip(*(pane.ends for pane in panes), strict=True)]
        made = {one.name: one for one in parts}
        # By columns, since a query would cost as much as all of this.
        rows = frame_of([_typed(made[name], dtype) for name, dtype in self._types.items()])
        return rows, np.array([len(of) for of in slots])


def _joined(worths: Sequence[Worth], slots: Sequence[Longs]) -> Worth:
    """What panes are worth, one behind the other, each of these slots."""
    if len(worths) == 1:
        return worths[0]
    blank = [np.zeros(len(of), np.int64) for of in slots]
    sums: dict[str, Integers] = {}
    for name in dict.fromkeys(name for worth in worths for name in worth.sums):
        found: list[Integers] = [w.sums.get(name, none) for w, none in zip(worths, blank, strict=True)]
        sums[name] = reduce(joined, found)
    return Worth(sums, {name: np.concatenate([worth.peaks[name] for worth in worths]) for name in worths[0].peaks})


def _typed(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return column if column.dtype == dtype else column.cast(dtype)


def _grown(numbers: Longs | None, size: int, blank: int) -> Longs:
    """With room for `size` slots."""
    if numbers is not None and len(numbers) == size:
        return numbers
    grown = np.full(size, blank, np.int64)
    if numbers is not None:
        grown[: len(numbers)] = numbers
    return grown
