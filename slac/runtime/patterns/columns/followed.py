"""`every a -> b`, `every a -> every b` and `every a -> (timer:interval(d) and not b)`.

Each first row listens from behind its own place up to a bound: the end of its time, of its key's session, or the first
row by which `limit` gives it up. The second rows of its group in between are its candidates. All is places in one
order, so that a batch is a sort and a few looks at neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.columnar_patterns import Shape
from slac.plan.nodes import PatternNode
from slac.runtime.patterns.columns.arranged import Arranged, arranged, entries
from slac.runtime.patterns.columns.bounds import Bounds, bounds, ordered_by
from slac.runtime.patterns.columns.groups import Groups, Held, held_rows
from slac.runtime.patterns.columns.matches import Matches
from slac.runtime.patterns.columns.names import HASH, LAST, NEVER, UNTIL
from slac.runtime.patterns.columns.order import ordered, placed
from slac.runtime.patterns.columns.pairs import Pairs, first_open, in_order, next_ones, said_order, said_ranks
from slac.runtime.patterns.columns.runs import Runs
from slac.runtime.patterns.columns.search import all_fitting, first_fitting
from slac.runtime.patterns.columns.sides import Sides
from slac.runtime.patterns.columns.together import matches_of
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.results import Results
from slac.stream.batch import ID
from slac.stream.framing import column_of
from slac.stream.ids import Hashed, Ids, hash_values

__all__ = ["Followed"]

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Both sides of one batch, held rows among the first; `clock` is the time of each event.

    `bounds`: of the first rows, where more than time bounds them; `keys`: what is hashed of the key of each group.
    """

    both: Arranged
    groups: Groups
    clock: Numbers
    bounds: Bounds | None
    keys: Ids

    def ranks(self) -> Numbers:
        """For each second row a number that rises as matches with it are said."""
        return said_ranks(self.both.second, self.keys, self.clock)


class Followed:
    """The shapes that begin with `every a ->`."""

    def __init__(self, node: PatternNode, understood: Understood, shape: Shape, runs: Runs, results: Results) -> None:
        self._node, self._shape, self._runs, self._results = node, shape, runs, results
        self._sessions = bool(node.keys) and node.within is None
        self._whole = self._sessions or node.limit is not None
        self._sides = Sides(node, understood, shape, equal=not self._whole)
        self._picks = self._sides.conditional and shape.kind != "each"
        lengths = [n for n in (node.within, shape.length or None) if n is not None]
        self._length = min(lengths, default=None)
        self.given_up = 0

    def events(self, frames: Mapping[int, pl.DataFrame]) -> Matches | None:
        """Take the rows that the watermark has passed; None where they complete nothing."""
        look = self._look(frames)
        pairs = self._pairs(look)
        self._keep(look, pairs.first)
        if self._shape.kind == "silence" or not len(pairs.first):
            return None
        return matches_of(look.both, pairs, look.groups, look.keys, self._shape, self._sides, self._node.keys)

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
        bound = {name: rows[name] for name in self._sides.said_of_first}
        ids = {} if self._shape.first.name is None else {self._shape.first.name: Hashed(hash_values(rows[ID]))}
        return Matches(times=due[fires], keys=keys, ids=ids, bound=bound)

    def next_due(self) -> int | None:
        """The next instant at which a silence may be a match."""
        return self._runs.next_due() if self._shape.kind == "silence" else None

    def _look(self, frames: Mapping[int, pl.DataFrame]) -> _Look:
        """What the rows meet: the held rows of their groups, all in one order."""
        numbered, clock = ordered(frames, self._node.keys, 0)
        first, second = self._sides.first(numbered), self._sides.second(numbered)
        new = entries(first, second, self._sides.groups, alike=self._sides.alike)
        held = held_rows(self._runs, new.groups, new.used(only_second=not self._whole))
        both = arranged(new, first, second, held)
        clock = clock if held is None else np.concatenate([held.times, clock])
        keys = self._results.states(new.groups.values[: len(self._node.keys)], len(new.groups.hashes))
        found = None
        if self._whole or self._picks:
            found = bounds(self._node, self._length, both, clock, self._last(both, held))
        return _Look(both=both, groups=new.groups, clock=clock, bounds=found, keys=keys)

    def _last(self, both: Arranged, held: Held | None) -> Numbers | None:
        """The latest event known of the key of each first row, where sessions count."""
        if not self._sessions:
            return None
        last = both.first.times.copy()
        if held is not None:
            old = both.first.at < held.rows.height
            last[old] = held.rows[LAST].to_numpy()[both.first.at[old]]
        return last

    def _pairs(self, look: _Look) -> Pairs:
        """Which first and second rows belong together, in the order in which they are said."""
        both, each = look.both, self._shape.kind == "each"
        if look.bounds is not None and self._picks:
            return self._first_fitting(look, look.bounds)
        if look.bounds is None and not each:
            return next_ones(both, self._length, look.ranks())
        # What waits ends in the order in which it began: so each second row meets a range of first ones.
        low, high = self._first_open(look), both.before
        if not each:
            second = both.second.groups
            low[1:] = np.maximum(low[1:], np.where(second[1:] == second[:-1], high[:-1], 0))
        said = said_order(both.second, look.keys)
        low, high = low.take(said), high.take(said)
        fit = (lambda rows, met: self._fit(look, met, said[rows])) if self._sides.conditional else None
        of, first = all_fitting(low, high, fit)
        return Pairs(first, said, of)

    def _first_open(self, look: _Look) -> Numbers:
        """For each second row the number of the first row from which on they listen."""
        first, second = look.both.first, look.both.second
        if look.bounds is None:
            return first_open(look.both, self._length, len(look.groups.hashes))
        ends = ordered_by(first.groups, look.bounds.places)
        return np.searchsorted(ends, ordered_by(second.groups, second.places), "right")

    def _first_fitting(self, look: _Look, found: Bounds) -> Pairs:
        """Each first row with the first of its candidates that meets what is asked of both."""
        first, second = look.both.first, look.both.second
        until = ordered_by(first.groups, found.places)
        ends = np.searchsorted(ordered_by(second.groups, second.places), until, "left")
        taken = first_fitting(look.both.behind, ends, lambda rows, met: self._fit(look, rows, met))
        rows = np.flatnonzero(taken >= 0)
        return in_order(rows, taken[rows], look.ranks())

    def _fit(self, look: _Look, first: Numbers, second: Numbers) -> Marks:
        one, other = look.both.first, look.both.second
        made: Marks = self._sides.fit(one.rows, one.at[first], other.rows, other.at[second]).to_numpy()
        return made

    def _keep(self, look: _Look, matched: Numbers) -> None:
        """Hold what is still open. A silence whose key is forgotten may be due before that."""
        first, found = look.both.first, look.bounds
        left = np.ones(len(first.at), np.bool_)
        if self._shape.kind != "each":
            left[matched] = False
        if found is not None:
            given = found.limits & left
            self.given_up += int(given.sum())
            left &= ~given
        if self._shape.kind != "silence":
            if found is not None:
                left &= ~found.cut
            if self._length is not None:
                left &= first.times > look.clock[-1] - self._length
        kept = np.flatnonzero(left)
        kept = kept[np.argsort(first.at[kept] >= first.rows.count, kind="stable")]
        never = np.full(len(kept), NEVER)
        until = never if self._length is None else first.times[kept] + self._length
        named = [
            column_of(HASH, look.groups.hashes[first.groups[kept]]),
            column_of(UNTIL, until),
            column_of(LAST, never if found is None else found.last[kept]),
        ]
        self._runs.put(first.rows.at(first.at[kept]).hstack(named))
