"""`every a -> b`, `every a -> every b` and `every a -> (timer:interval(d) and not b)`.

Each first row listens from behind its own place up to a bound: the end of its time, of its key's session, or the first
row by which `limit` gives it up. The second rows of its group in between are its candidates. All is places in one
order, so that a batch is a few binary searches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.columnar_patterns import Shape
from slac.plan.nodes import PatternNode
from slac.runtime.patterns.columns.groups import Groups, Held, grouped, held_rows
from slac.runtime.patterns.columns.matches import Matches
from slac.runtime.patterns.columns.names import HASH, LAST, NEVER, ORD, UNTIL
from slac.runtime.patterns.columns.order import numbered, ordered, placed
from slac.runtime.patterns.columns.runs import Runs
from slac.runtime.patterns.columns.search import all_fitting, first_fitting
from slac.runtime.patterns.columns.sides import Sides
from slac.runtime.patterns.columns.spans import spans
from slac.runtime.patterns.meaning import Understood
from slac.stream.batch import ID, instants

__all__ = ["Followed"]

Numbers = npt.NDArray[np.int64]
_FAR: Final = 1 << 40
"""A place behind all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Both sides of one batch, held rows first; `clock` is the time of each place, `last` that of each one's key."""

    first: pl.DataFrame
    second: pl.DataFrame
    first_group: Numbers
    second_group: Numbers
    clock: Numbers
    hashes: npt.NDArray[np.uint64]
    last: Numbers


class Followed:
    """The shapes that begin with `every a ->`."""

    def __init__(self, node: PatternNode, understood: Understood, shape: Shape, runs: Runs) -> None:
        self._node, self._shape, self._runs = node, shape, runs
        self._sessions = bool(node.keys) and node.within is None
        self._whole = self._sessions or node.limit is not None
        self._sides = Sides(node, understood, shape, equal=not self._whole)
        lengths = [n for n in (node.within, shape.length or None) if n is not None]
        self._length = min(lengths, default=None)
        self.given_up = 0

    def events(self, frames: Mapping[int, pl.DataFrame]) -> Matches | None:
        """Take the rows that the watermark has passed; None where they complete nothing."""
        look = self._look(frames)
        places = look.second_group * _FAR + numbered(look.second)
        order = np.argsort(places, kind="stable") if (np.diff(places) < 0).any() else np.arange(len(places))
        places = places[order]
        own = look.first_group * _FAR + numbered(look.first)
        ends, cut, last = self._ends(look)
        bounds, limits = self._limits(look, ends)
        low = np.searchsorted(places, own, "right")
        high = np.maximum(np.searchsorted(places, look.first_group * _FAR + bounds, "left"), low)
        rows, candidates = self._pairs(look, low, high, order)
        self._keep(look, rows, limits, cut, last)
        return None if self._shape.kind == "silence" else self._matches(look, rows, candidates)

    def due(self, until: int) -> Matches | None:
        """What ends by itself before an instant: silences are matches, all else is forgotten."""
        rows = self._runs.due(until)
        if rows is None or self._shape.kind != "silence":
            return None
        rows, times = placed(rows)
        due, forgotten = times + self._shape.length, rows[LAST].to_numpy() + self._node.retain
        within = NEVER if self._node.within is None else self._node.within
        fires = (self._shape.length < within) & (due < forgotten)
        rows = rows.filter(fires)
        keys = [rows[k] for k in self._node.keys]
        return Matches(times=due[fires], keys=keys, ids=self._ids(rows), bound=self._sides.said_of_first(rows))

    def next_due(self) -> int | None:
        """The next instant at which a silence may be a match."""
        return self._runs.next_due() if self._shape.kind == "silence" else None

    def _look(self, frames: Mapping[int, pl.DataFrame]) -> _Look:
        """What the rows meet: the held rows of their groups, all in one order."""
        new, clock = ordered(frames, self._node.keys, 0)
        first, second = self._sides.first(new), self._sides.second(new)
        groups = grouped([first, second], self._sides.groups)
        held = self._held(groups, [first, second] if self._whole else [second])
        first_group, second_group = groups.codes
        hashes, last = groups.hashes[first_group], instants(first).to_numpy()
        if held is not None:
            shift = pl.col(ORD) + held.rows.height
            hashes = np.concatenate([held.rows[HASH].to_numpy(), hashes])
            last = np.concatenate([held.rows[LAST].to_numpy(), last])
            first = pl.concat([held.rows.select(first.columns), first.with_columns(shift)]).rechunk()
            second = second.with_columns(shift)
            first_group = np.concatenate([held.codes, first_group])
            clock = np.concatenate([held.times, clock])
        return _Look(
            first=first,
            second=second,
            first_group=first_group,
            second_group=second_group,
            clock=clock,
            hashes=hashes,
            last=last,
        )

    def _held(self, groups: Groups, touching: Sequence[pl.DataFrame]) -> Held | None:
        """The held rows of the groups that some rows are of."""
        used = np.zeros(len(groups.hashes), np.bool_)
        for rows, codes in zip(touching[::-1], groups.codes[::-1], strict=False):
            if rows.height:
                used[codes] = True
        return held_rows(self._runs, groups, used)

    def _ends(self, look: _Look) -> tuple[Numbers, npt.NDArray[np.bool_], Numbers]:
        """For each first row: up to which place it listens, whether its key was forgotten, and its key's last event."""
        times = instants(look.first).to_numpy()
        ends = np.full(len(times), _FAR - 1)
        if self._length is not None:
            ends = np.searchsorted(look.clock, times + self._length, "left").astype(np.int64)
        if not self._sessions:
            return ends, np.zeros(len(times), np.bool_), np.full(len(times), NEVER)
        count = len(times)
        groups = np.concatenate([look.first_group, look.second_group])
        places = np.concatenate([numbered(look.first), numbered(look.second)])
        known = np.concatenate([look.last, instants(look.second).to_numpy()])
        order = np.lexsort((places, groups))
        found = spans(groups[order], known[order], self._node.retain)
        cuts = np.append(np.where(found.forgotten, places[order], _FAR - 1), _FAR - 1)[found.ends]
        at = np.empty(len(order), np.int64)
        at[order] = np.arange(len(order))
        mine = at[:count]
        cut = cuts[mine]
        return np.minimum(ends, cut), cut < _FAR - 1, known[order][found.ends[mine] - 1]

    def _limits(self, look: _Look, ends: Numbers) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """The bounds with `limit`, and which first rows it gives up unless they are completed before."""
        limit = self._node.limit
        given = np.zeros(len(ends), np.bool_)
        if limit is None:
            return ends, given
        places = numbered(look.first)
        order = np.lexsort((places, look.first_group))
        groups, bounds = look.first_group[order], np.full(len(ends), _FAR - 1)
        if limit < len(ends):
            same = groups[limit:] == groups[:-limit]
            bounds[:-limit] = np.where(same, places[order][limit:] + 1, _FAR - 1)
        given[order] = (bounds < _FAR - 1) & (bounds <= ends[order])
        limited = ends.copy()
        limited[order] = np.minimum(ends[order], bounds)
        return limited, given

    def _pairs(self, look: _Look, low: Numbers, high: Numbers, order: Numbers) -> tuple[Numbers, Numbers]:
        """Which first and second rows belong together."""

        def fit(rows: Numbers, candidates: Numbers) -> npt.NDArray[np.bool_]:
            fits: npt.NDArray[np.bool_] = self._sides.fit(look.first[rows], look.second[order[candidates]]).to_numpy()
            return fits

        if self._shape.kind == "each":
            rows, taken = all_fitting(low, high, fit if self._sides.conditional else None)
            return rows, order[taken]
        taken = first_fitting(low, high, fit) if self._sides.conditional else np.where(low < high, low, -1)
        rows = np.flatnonzero(taken >= 0)
        return rows, order[taken[rows]]

    def _keep(
        self,
        look: _Look,
        rows: Numbers,
        limits: npt.NDArray[np.bool_],
        cut: npt.NDArray[np.bool_],
        last: Numbers,
    ) -> None:
        """Hold what is still open. A silence whose key is forgotten may be due before that."""
        gone = np.zeros(len(limits), np.bool_)
        if self._shape.kind != "each":
            gone[rows] = True
        given = limits & ~gone
        self.given_up += int(given.sum())
        kept = ~gone & ~given & (~cut if self._shape.kind != "silence" else True)
        until = instants(look.first).to_numpy() + self._length if self._length is not None else None
        made = look.first.drop(ORD).with_columns(
            pl.Series(HASH, look.hashes, dtype=pl.UInt64),
            pl.lit(NEVER, pl.Int64).alias(UNTIL) if until is None else pl.Series(UNTIL, until),
            pl.Series(LAST, last),
        )
        self._runs.put(made.filter(kept))

    def _matches(self, look: _Look, rows: Numbers, candidates: Numbers) -> Matches | None:
        if not len(rows):
            return None
        order = np.lexsort((numbered(look.first)[rows], numbered(look.second)[candidates]))
        first, second = look.first[rows[order]], look.second[candidates[order]]
        return Matches(
            times=instants(second).to_numpy(),
            keys=[first[k] for k in self._node.keys],
            ids=self._ids(first) | self._ids(second, second=True),
            bound=self._sides.said_of_first(first) | self._sides.said_of_second(second),
        )

    def _ids(self, rows: pl.DataFrame, *, second: bool = False) -> dict[str, pl.Series]:
        atom = self._shape.second if second else self._shape.first
        return {} if atom is None or atom.name is None else {atom.name: rows[ID]}
