"""`every a -> b`, `every a -> every b` and `every a -> (timer:interval(d) and not b)`.

Each first row listens from behind its own place up to a bound: the end of its time, of its key's session, or the first
row by which `limit` gives it up. The second rows of its group in between are its candidates. All is places in one
order, so that a batch is a few binary searches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.language.patterns.tree import Atom
from slac.plan.columnar_patterns import Shape
from slac.plan.nodes import PatternNode
from slac.runtime.patterns.columns.codes import by_group
from slac.runtime.patterns.columns.groups import Groups, grouped, held_rows
from slac.runtime.patterns.columns.matches import Matches
from slac.runtime.patterns.columns.names import HASH, LAST, NEVER, UNTIL
from slac.runtime.patterns.columns.order import numbered, ordered, placed
from slac.runtime.patterns.columns.runs import Runs
from slac.runtime.patterns.columns.search import all_fitting, first_fitting
from slac.runtime.patterns.columns.sides import HeldAndNew, Sides
from slac.runtime.patterns.columns.spans import spans
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.results import Results
from slac.stream.batch import ID, TIME_TYPE
from slac.stream.ids import Ids, hash_further, hash_values

__all__ = ["Followed"]

Numbers = npt.NDArray[np.int64]
_FAR: Final = 1 << 40
"""A place behind all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """The rows of one side, and their numbers in order of group and event: where each stands in `rows` is `at`.

    `nth`: which of the side's events each one is.
    """

    rows: HeldAndNew
    at: Numbers
    nth: Numbers
    groups: Numbers
    places: Numbers
    times: Numbers

    @classmethod
    def of(cls, rows: HeldAndNew, at: Numbers, groups: Numbers, places: Numbers) -> _Side:
        """The rows at some places, which are in order of events."""
        nth = by_group(groups)
        at = at[nth]
        return cls(rows=rows, at=at, nth=nth, groups=groups[nth], places=places[nth], times=rows.times()[at])

    def values(self, column: pl.Series, taken: Numbers) -> pl.Series:
        """A column of `rows` at some of the side's numbers."""
        # Where rows are taken many times, those of a group are brought together first: they are read in order then.
        return column[self.at[taken]] if len(taken) <= len(self.at) else column[self.at][taken]

    @property
    def order(self) -> Numbers:
        """Group and event as one number."""
        return self.groups * _FAR + self.places


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Both sides of one batch, held rows among the first; `clock` is the time of each event.

    `last`: the latest event known of the keys of first rows, where that matters.
    """

    first: _Side
    second: _Side
    groups: Groups
    clock: Numbers
    last: Numbers | None


class Followed:
    """The shapes that begin with `every a ->`."""

    def __init__(self, node: PatternNode, understood: Understood, shape: Shape, runs: Runs, results: Results) -> None:
        self._node, self._shape, self._runs, self._results = node, shape, runs, results
        self._sessions = bool(node.keys) and node.within is None
        self._whole = self._sessions or node.limit is not None
        self._sides = Sides(node, understood, shape, equal=not self._whole)
        self._tagged = shape.first.name is not None and shape.second is not None and shape.second.name is not None
        lengths = [n for n in (node.within, shape.length or None) if n is not None]
        self._length = min(lengths, default=None)
        self.given_up = 0

    def events(self, frames: Mapping[int, pl.DataFrame]) -> Matches | None:
        """Take the rows that the watermark has passed; None where they complete nothing."""
        look = self._look(frames)
        ends, cut, last = self._ends(look)
        bounds, limits = self._limits(look.first, ends)
        first, second = self._pairs(look, look.first.groups * _FAR + bounds)
        self._keep(look, first, limits, cut, last)
        silent = self._shape.kind == "silence" or not len(first)
        return None if silent else self._matches(look, first, second)

    def due(self, until: int) -> Matches | None:
        """What ends by itself before an instant: silences are matches, all else is forgotten."""
        rows = self._runs.due(until)
        if rows is None or self._shape.kind != "silence":
            return None
        rows, times, _ = placed(rows)
        due, forgotten = times + self._shape.length, rows[LAST].to_numpy() + self._node.retain
        within = NEVER if self._node.within is None else self._node.within
        fires = (self._shape.length < within) & (due < forgotten)
        rows = rows.filter(fires)
        keys = [rows[k] for k in self._node.keys]
        bound = dict(self._sides.said_of_first(HeldAndNew(rows)))
        ids = {} if self._shape.first.name is None else {self._shape.first.name: hash_values(rows[ID])}
        return Matches(times=due[fires], keys=keys, ids=ids, bound=bound)

    def next_due(self) -> int | None:
        """The next instant at which a silence may be a match."""
        return self._runs.next_due() if self._shape.kind == "silence" else None

    def _look(self, frames: Mapping[int, pl.DataFrame]) -> _Look:
        """What the rows meet: the held rows of their groups, all in one order."""
        new, clock = ordered(frames, self._node.keys, 0)
        first, second = self._sides.first(new), self._sides.second(new)
        sides = [first] if self._sides.alike else [first, second]
        groups = grouped([s.rows for s in sides], self._sides.groups)
        codes, seconds = groups.codes[0][first.at], groups.codes[-1][second.at]
        held = held_rows(self._runs, groups, groups.used([codes, seconds] if self._whole else [seconds]))
        rows, at, places = HeldAndNew(first.rows), first.at, numbered(first.rows)[first.at]
        others = numbered(second.rows)[second.at]
        last = rows.times()[at] if self._sessions else None
        if held is not None:
            count = held.rows.height
            last = None if last is None else np.concatenate([held.rows[LAST].to_numpy(), last])
            rows = HeldAndNew(first.rows, held.rows)
            at, codes = np.concatenate([np.arange(count), at + count]), np.concatenate([held.codes, codes])
            places, others = np.concatenate([np.arange(count), places + count]), others + count
            clock = np.concatenate([held.times, clock])
        side = _Side.of(rows, at, codes, places)
        return _Look(
            first=side,
            second=_Side.of(HeldAndNew(second.rows), second.at, seconds, others),
            groups=groups,
            clock=clock,
            last=None if last is None else last[side.nth],
        )

    def _ends(self, look: _Look) -> tuple[Numbers, npt.NDArray[np.bool_], Numbers]:
        """For each first row: up to which place it listens, whether its key was forgotten, and its key's last event."""
        side, other = look.first, look.second
        count = len(side.times)
        ends = np.full(count, _FAR - 1)
        if self._length is not None:
            # In order of events, because looking up what rises is several times as fast; most end behind the batch.
            until = np.empty(count, np.int64)
            until[side.nth] = side.times + self._length
            ended = int(np.searchsorted(until, look.clock[-1], "right"))
            ends = np.full(count, len(look.clock))
            ends[:ended] = np.searchsorted(look.clock, until[:ended], "left")
            ends = ends[side.nth]
        if look.last is None:
            return ends, np.zeros(count, np.bool_), np.full(count, NEVER)
        places = np.concatenate([side.places, other.places])
        known = np.concatenate([look.last, other.times])
        groups = np.concatenate([side.groups, other.groups])
        order = np.lexsort((places, groups))
        found = spans(groups[order], known[order], self._node.retain)
        cuts = np.append(np.where(found.forgotten, places[order], _FAR - 1), _FAR - 1)[found.ends]
        at = np.empty(len(order), np.int64)
        at[order] = np.arange(len(order))
        mine = at[:count]
        cut = cuts[mine]
        return np.minimum(ends, cut), cut < _FAR - 1, known[order][found.ends[mine] - 1]

    def _limits(self, side: _Side, ends: Numbers) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """The bounds with `limit`, and which first rows it gives up unless they are completed before."""
        limit, bounds = self._node.limit, np.full(len(ends), _FAR - 1)
        if limit is not None and limit < len(ends):
            same = side.groups[limit:] == side.groups[:-limit]
            bounds[:-limit] = np.where(same, side.places[limit:] + 1, _FAR - 1)
        return np.minimum(ends, bounds), (bounds < _FAR - 1) & (bounds <= ends)

    def _pairs(self, look: _Look, bounds: Numbers) -> tuple[Numbers, Numbers]:
        """Which first and second rows belong together, in the order in which they are said."""
        firsts, seconds = look.first.order, look.second.order
        if self._sides.conditional and self._shape.kind != "each":
            low = np.searchsorted(seconds, firsts, "right")
            high = np.searchsorted(seconds, bounds, "left")
            taken = first_fitting(low, high, lambda rows, candidates: self._fit(look, rows, candidates))
            rows = np.flatnonzero(taken >= 0)
            order = np.lexsort((look.first.places[rows], np.argsort(self._said_order(look))[taken[rows]]))
            return rows[order], taken[rows][order]
        # What waits ends in the order in which it began: so each second row meets a range of first ones.
        low, high = np.searchsorted(bounds, seconds, "right"), np.searchsorted(firsts, seconds, "left")
        if self._shape.kind != "each":
            low[1:] = np.maximum(low[1:], np.where(np.diff(look.second.groups) == 0, high[:-1], 0))
        said = self._said_order(look)
        fit = (lambda rows, candidates: self._fit(look, candidates, said[rows])) if self._sides.conditional else None
        rows, taken = all_fitting(low[said], high[said], fit)
        return taken, said[rows]

    def _said_order(self, look: _Look) -> Numbers:
        """Second rows in order of time, then by the hash of the key, then as they came."""
        side = look.second
        order = np.empty(len(side.nth), np.int64)
        order[side.nth] = np.arange(len(order))
        times = side.times[order]
        if not (times[1:] == times[:-1]).any():
            return order
        keys = self._results.key_states(look.groups.unique)[side.groups]
        return order[np.lexsort((keys[order], times))]

    def _fit(self, look: _Look, first: Numbers, second: Numbers) -> npt.NDArray[np.bool_]:
        fits = self._sides.fit(look.first.rows, look.first.at[first], look.second.rows, look.second.at[second])
        made: npt.NDArray[np.bool_] = fits.to_numpy()
        return made

    def _keep(
        self, look: _Look, matched: Numbers, limits: npt.NDArray[np.bool_], cut: npt.NDArray[np.bool_], last: Numbers
    ) -> None:
        """Hold what is still open. A silence whose key is forgotten may be due before that."""
        gone = np.zeros(len(limits), np.bool_)
        if self._shape.kind != "each":
            gone[matched] = True
        given = limits & ~gone
        self.given_up += int(given.sum())
        left = ~gone & ~given
        if self._shape.kind != "silence":
            left &= ~cut
            if self._length is not None:
                left &= look.first.times + self._length > look.clock[-1]
        kept = np.flatnonzero(left)
        kept = kept[look.first.rows.held_first(look.first.at[kept])]
        until = np.full(len(kept), NEVER) if self._length is None else look.first.times[kept] + self._length
        hashes = look.groups.hashes[look.first.groups[kept]]
        named = [pl.Series(HASH, hashes), pl.Series(UNTIL, until), pl.Series(LAST, last[kept])]
        self._runs.put(look.first.rows.at(look.first.at[kept]).hstack(named))

    def _matches(self, look: _Look, first: Numbers, second: Numbers) -> Matches:
        groups, side = look.groups, look.second
        keys = self._results.key_states(groups.unique)
        codes, times = side.groups[second], side.times[second]
        if len(second) <= len(side.at):
            states = _states(keys[codes], times)
        else:
            states = _states(keys[side.groups], side.times)[second]
        bound = {name: look.first.values(column, first) for name, column in self._sides.said_of_first(look.first.rows)}
        bound |= {name: side.values(column, second) for name, column in self._sides.said_of_second(side.rows)}
        return Matches(
            times=times,
            keys=[groups.unique[k][codes] for k in self._node.keys],
            ids=_ids(self._shape.first, look.first, first) | _ids(self._shape.second, side, second),
            bound=bound,
            states=states,
            distinct=self._tagged and _once(look.first) and _once(side),
        )


def _once(side: _Side) -> bool:
    """Whether no two rows have one id."""
    ids = side.rows.column(ID).to_numpy()
    return bool((ids[1:] > ids[:-1]).all()) or len(np.unique(ids[side.at])) == len(side.at)


def _ids(atom: Atom | None, side: _Side, taken: Numbers) -> dict[str, Ids]:
    """What is hashed of the ids of rows: once for each row, however many matches it is part of."""
    if atom is None or atom.name is None:
        return {}
    ids = side.rows.column(ID)
    if len(taken) <= len(side.at):
        return {atom.name: hash_values(ids[side.at[taken]])}
    return {atom.name: hash_values(ids[side.at])[taken]}


def _states(keys: Ids, times: Numbers) -> Ids:
    return hash_further(keys, [pl.Series(times).cast(TIME_TYPE)])
