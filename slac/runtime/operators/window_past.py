"""What a window that the clock gives remembers of the windows before it: how far the values of each group are apart.

A window tells those behind it of the same group, and hears of those before it: in the order of their ends, whatever
closes at once. So neither batches nor other groups count, and where the keys are elsewhere, so is what is known of
them. Windows behind a gate that decodes all are told apart from others: what is dropped there is not the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.estimates.calls import UNCOUNTED
from slac.plan.estimates.columns import EstimatedColumns
from slac.plan.estimates.past import Past, Powers, mean_of
from slac.plan.estimates.values import FEWEST, Sums, thinned
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.stream.ids import hash_hashed, hash_values

PAST: Final = "past"
"""The frame of a snapshot that says what is known of groups."""
GIVEN: Final = "past.given"
"""And the one that says what was known to windows that may be said again."""
FADES: Final = 15 / 16
"""What a window counts beside the one behind it."""
FORGOTTEN: Final = 64
"""So many windows later nothing is known of a group."""
MOST: Final = 1 << 16
"""Groups that are remembered: of more, those of which nothing was heard for longest are forgotten."""
_SALT: Final = 0x7061_7374
_GROUP: Final = "_group"
_POWERS: Final = ("number", "second", "third")

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


class WindowPast:
    """Of one node by `keys`, whose estimates `columns` makes.

    State: for each group its id, the end of the last window that told anything, and sums of what windows told; and
    what was known to each window that may be said again.
    """

    def __init__(self, keys: Sequence[str], columns: EstimatedColumns) -> None:
        self._keys, self._columns = keys, columns
        self._names = [f"{call}.{kind}.{power}" for call, kind in columns.remembered for power in _POWERS]
        self._fades = np.array([*(FADES**n for n in range(FORGOTTEN)), 0.0])
        self._ids = np.zeros(0, np.uint64)
        self._until = np.zeros(0, np.int64)
        self._told = self._nothing(0)
        self._given: dict[int, tuple[Ids, Floats]] = {}

    def of(self, groups: pl.DataFrame, *, again: bool) -> Sums:
        """Partial rows of windows that close (`_start`, `_end`, keys, parts), one a group, with what is known.

        `again`: they may be said once more.
        """
        sums = self._columns.sums(groups)
        # What is known to windows that may be said again is remembered though nothing was dropped from them so far.
        if not thinned(groups).any() and not (again and self._ids.size):
            return sums
        own, ids, known = self._own(sums), self._groups(sums), self._nothing(groups.height)
        starts, ends = (groups[n].to_numpy() for n in (START, END))
        for end in np.unique(ends).tolist():
            rows = np.flatnonzero(ends == end)
            known[:, rows] = self._turn(ids[rows], starts[rows], end, own[:, rows])
            heard = rows[known[:, rows].any(axis=0)]
            if again and heard.size:
                heard = heard[np.argsort(ids[heard])]
                self._given[end] = ids[heard], known[:, heard]
        return replace(sums, past=self._past(known))

    def once_more(self, groups: pl.DataFrame) -> Sums:
        """The same of windows that are said again: with what was known when they were said first."""
        sums, known = self._columns.sums(groups), self._nothing(groups.height)
        ids, ends = self._groups(sums), groups[END].to_numpy()
        for end in np.unique(ends).tolist():
            if end in self._given:
                rows, (mine, given) = np.flatnonzero(ends == end), self._given[end]
                places, is_known = _places(mine, ids[rows])
                known[:, rows[is_known]] = given[:, places[is_known]]
        return replace(sums, past=self._past(known))

    def forget(self, until: int) -> None:
        """Windows that end until then are not said again."""
        if self._given:
            self._given = {end: given for end, given in self._given.items() if end > until}

    def frames(self) -> dict[str, pl.DataFrame]:
        """Everything, for a snapshot."""
        held = [self._frame(ids, np.full(len(ids), end), given) for end, (ids, given) in self._given.items()]
        found = {PAST: self._frame(self._ids, self._until, self._told)} if self._ids.size else {}
        return {**found, GIVEN: pl.concat(held)} if held else found

    def restore(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        if PAST in frames:
            self._ids, self._until, self._told = self._read(frames[PAST])
        if GIVEN in frames:
            ids, ends, given = self._read(frames[GIVEN])
            self._given = {end: (ids[ends == end], given[:, ends == end]) for end in np.unique(ends).tolist()}

    def _turn(self, ids: Ids, starts: Longs, end: int, own: Floats) -> Floats:
        """What is known to the windows that end at an instant; then they tell what is to be known."""
        places, is_known = _places(self._ids, ids)
        until, told = starts.copy(), self._nothing(len(ids))
        until[is_known], told[:, is_known] = self._until[places[is_known]], self._told[:, places[is_known]]
        steps = np.clip((end - until) // np.maximum(end - starts, 1), 0, FORGOTTEN)
        known: Floats = told * self._fades[steps]
        # Of windows that overlap only those tell that have no rows in common.
        tells = (own[0] >= FEWEST) & np.isfinite(own).all(axis=0) & (starts >= until)
        old, new = tells & is_known, tells & ~is_known
        self._told[:, places[old]] = known[:, old] + own[:, old]
        self._until[places[old]] = end
        if new.any():
            self._admit(ids[new], end, own[:, new], int((end - starts[new]).max()))
        return known

    def _admit(self, ids: Ids, end: int, own: Floats, length: int) -> None:
        """Groups of which nothing was known; what is forgotten makes room."""
        stays = self._until > end - FORGOTTEN * length
        ids = np.append(self._ids[stays], ids)
        until = np.append(self._until[stays], np.full(len(own[0]), end))
        told = np.concatenate([self._told[:, stays], own], axis=1)
        chosen = np.lexsort((ids, -until))[:MOST]
        order = chosen[np.argsort(ids[chosen])]
        self._ids, self._until, self._told = ids[order], until[order], told[:, order]

    def _groups(self, sums: Sums) -> Ids:
        """The ids of groups; the last bit says whether rows were dropped that no gate has counted."""
        frame = sums.groups
        ids = hash_hashed(frame.height, (hash_values(frame[name]) for name in self._keys), _SALT)
        unread = sums.number(UNCOUNTED, "k") > 0
        return (ids & ~np.uint64(1)) | unread.astype(np.uint64)

    def _own(self, sums: Sums) -> Floats:
        """By name (rows) and group what a window tells: how many values there were, and the sums of their powers."""
        powers = self._columns.powers(sums)
        with np.errstate(all="ignore"):
            return np.stack([row for p in powers for row in (p.number, p.number * p.second, p.number * p.third)])

    def _past(self, known: Floats) -> Past:
        sums = dict(zip(self._names, known, strict=True))
        found = {}
        for call, kind in self._columns.remembered:
            number, second, third = (sums[f"{call}.{kind}.{power}"] for power in _POWERS)
            found[call, kind] = Powers(number, mean_of(second, number), mean_of(third, number))
        return found

    def _frame(self, ids: Ids, ends: Longs, sums: Floats) -> pl.DataFrame:
        columns = [pl.Series(name, row) for name, row in zip(self._names, sums, strict=True)]
        return pl.DataFrame([pl.Series(_GROUP, ids), pl.Series(END, ends), *columns])

    def _read(self, frame: pl.DataFrame) -> tuple[Ids, Longs, Floats]:
        """What was not remembered of a call is not known."""
        none = np.zeros(frame.height)
        columns = [frame[name].to_numpy() if name in frame.columns else none for name in self._names]
        return frame[_GROUP].to_numpy(), frame[END].to_numpy().copy(), np.stack(columns)

    def _nothing(self, groups: int) -> Floats:
        return np.zeros((len(self._names), groups))


def _places(known: Ids, asked: Ids) -> tuple[Longs, Mask]:
    """Where ids stand among ascending ones, and which are there."""
    if not known.size:
        return np.zeros(len(asked), np.int64), np.zeros(len(asked), np.bool_)
    places = np.minimum(np.searchsorted(known, asked), known.size - 1)
    return places, known[places] == asked
