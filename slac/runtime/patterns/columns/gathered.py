"""`[n] a` and `a and b`, once or under `every`.

From each place it can be told where a match that begins there would end, and where the next one would then begin.
Which places do begin one is found by following those jumps from the first event of each key, by doubling.
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
from slac.runtime.patterns.columns.events import FITS, EventTable
from slac.runtime.patterns.columns.groups import grouped, held_rows
from slac.runtime.patterns.columns.matches import Matches
from slac.runtime.patterns.columns.names import HASH, LAST, NEVER, ORD, UNTIL
from slac.runtime.patterns.columns.order import numbered, ordered
from slac.runtime.patterns.columns.runs import Runs, ranges
from slac.runtime.patterns.columns.spans import Spans, next_true, spans
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.results import array_id
from slac.stream.batch import ID, instants
from slac.stream.ids import Hashed, hash_values

__all__ = ["Gathered", "reached"]

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]
_FAR: Final = 1 << 40


def reached(starts: Marks, following: Numbers) -> Marks:
    """The places that are a start, or that come from one by going from each place to its following one (> place)."""
    size = len(starts)
    marks, jump = np.append(starts, True), np.append(following, size)
    while True:
        targets = jump[np.flatnonzero(marks)]
        if marks[targets].all():
            return marks[:size]
        marks[targets] = True
        jump = jump[jump]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The events of a batch by key, held ones first, each key in order."""

    rows: pl.DataFrame
    fits: Numbers
    times: Numbers
    hashes: npt.NDArray[np.uint64]
    spans: Spans
    last: Numbers
    ends: Numbers


class Gathered:
    """The shapes of which one match at a time is open in a key."""

    def __init__(self, node: PatternNode, understood: Understood, shape: Shape, runs: Runs) -> None:
        self._node, self._understood, self._shape, self._runs = node, understood, shape, runs
        self._table = EventTable(node, understood, shape)
        # More than `limit` events are never held: then the match is given up with the one that is too many.
        most = shape.count if node.limit is None else min(shape.count, node.limit + 1)
        self._count, self._gives_up = most, shape.kind == "count" and most < shape.count
        self.given_up = 0

    def events(self, frames: Mapping[int, pl.DataFrame]) -> Matches | None:
        """Take the rows that the watermark has passed; None where they complete nothing."""
        look = self._look(frames)
        completing = self._completing(look)
        done = look.fits == 0
        complete = (completing < look.ends) & ~done
        begins = look.spans.starts
        if self._shape.again:
            begins = reached(begins, np.where(complete, completing + 1, np.maximum(look.ends, 1)))
        found = np.flatnonzero(begins & complete)
        if self._gives_up:
            self.given_up += len(found)
        self._keep(look, begins, complete, done)
        if self._gives_up or not len(found):
            return None
        ends = completing[found]
        order = np.lexsort((numbered(look.rows)[ends],))
        return self._matches(look, found[order], ends[order])

    def due(self, until: int) -> None:
        """Nothing comes of what ends by itself."""
        self._runs.due(until)

    def next_due(self) -> int | None:
        """Nothing is due but by events."""
        return None

    def _look(self, frames: Mapping[int, pl.DataFrame]) -> _Look:
        new, clock = ordered(frames, self._node.keys, 0)
        rows = self._table.events(new)
        groups = grouped([rows], self._node.keys)
        codes, hashes = groups.codes[0], groups.hashes[groups.codes[0]]
        known = instants(rows).to_numpy()
        held = held_rows(self._runs, groups, np.ones(len(groups.hashes), np.bool_))
        if held is not None:
            codes = np.concatenate([held.codes, codes])
            hashes = np.concatenate([held.rows[HASH].to_numpy(), hashes])
            known = np.concatenate([held.rows[LAST].to_numpy(), known])
            clock = np.concatenate([held.times, clock])
            place = pl.Series(ORD, np.arange(held.rows.height))
            shifted = rows.with_columns(pl.col(ORD) + held.rows.height)
            rows = pl.concat([held.rows.hstack([place]).select(rows.columns), shifted])
        order = by_group(codes) if rows[ORD].is_sorted() else np.lexsort((numbered(rows), codes))
        rows, codes, known = rows[order], codes[order], known[order]
        found = spans(codes, known, self._node.retain if self._node.keys else None)
        times = instants(rows).to_numpy()
        return _Look(
            rows=rows,
            fits=rows[FITS].to_numpy(),
            times=times,
            hashes=hashes[order],
            spans=found,
            last=known[found.ends - 1],
            ends=self._ends(codes, numbered(rows), times, clock, found),
        )

    def _ends(self, codes: Numbers, places: Numbers, times: Numbers, clock: Numbers, found: Spans) -> Numbers:
        """For each place the first one behind it that is too late for a match that begins there."""
        if self._node.within is None:
            return found.ends
        late = np.searchsorted(clock, times + self._node.within, "left")
        ends = np.searchsorted(codes * _FAR + places, codes * _FAR + late, "left")
        return np.minimum(ends, found.ends)

    def _completing(self, look: _Look) -> Numbers:
        """For each place the one that would complete a match that begins there."""
        places = np.arange(len(look.fits))
        if self._shape.kind == "count":
            return places + self._count - 1
        needs_first, needs_second = next_true(look.fits & 1 != 0), next_true(look.fits & 2 != 0)
        return np.where(look.fits == 3, places, np.where(look.fits == 1, needs_second, needs_first))

    def _keep(self, look: _Look, begins: Marks, complete: Marks, done: Marks) -> None:
        """Hold what is open at the end of each key; and, without `every`, that a key is done."""
        size = len(begins)
        closes = np.append(look.spans.starts[1:] & ~look.spans.forgotten[1:], True)
        final = closes[np.minimum(look.spans.ends, size) - 1]
        unfinished = begins & final & ~complete & ~done & (look.ends == look.spans.ends)
        over = begins & final & ~unfinished & (not self._shape.again)
        opened = np.flatnonzero(unfinished)
        until = np.full(size, NEVER)
        if self._node.within is not None and self._shape.again:
            until = look.times + self._node.within
        stop = look.spans.ends[opened] if self._shape.kind == "count" else opened + 1
        kept = ranges(opened, stop)
        self._put(look, kept, np.repeat(until[opened], stop - opened), over=False)
        if over.any():
            self._put(look, np.flatnonzero(over), np.full(int(over.sum()), NEVER), over=True)

    def _put(self, look: _Look, kept: Numbers, until: Numbers, *, over: bool) -> None:
        last = look.last[kept] if self._node.keys else np.full(len(kept), NEVER)
        rows = look.rows[kept].drop(ORD)
        if over:
            rows = rows.with_columns(pl.lit(0, rows.schema[FITS]).alias(FITS))
        named = [pl.Series(HASH, look.hashes[kept]), pl.Series(UNTIL, until), pl.Series(LAST, last)]
        self._runs.put(rows.with_columns(named))

    def _matches(self, look: _Look, begins: Numbers, ends: Numbers) -> Matches:
        if self._shape.kind == "count":
            return self._arrays(look, begins, ends)
        # One of them fits the first part, the other one the second; an event that fits both may be both.
        first = np.where(look.fits[begins] & 1 != 0, begins, ends)
        second = np.where(first == begins, ends, begins)
        ids: dict[str, Hashed] = {}
        bound: dict[str, pl.Series] = {}
        for atom, places in ((self._shape.first, first), (self._shape.second, second)):
            rows = look.rows[places]
            ids |= _ids(atom, rows)
            bound |= self._table.said(atom, rows)
        keys = look.rows[begins]
        return Matches(times=look.times[ends], keys=[keys[k] for k in self._node.keys], ids=ids, bound=bound)

    def _arrays(self, look: _Look, begins: Numbers, ends: Numbers) -> Matches:
        count, tag = self._shape.count, self._shape.first.name
        rows = look.rows[ranges(begins, ends + 1)]
        keys = look.rows[begins]
        ids: dict[str, Hashed] = {}
        bound: dict[str, pl.Series] = {}
        if tag is not None:
            held, size = rows[ID].to_numpy().astype("<u8").tobytes(), 8 * count
            digests = [array_id(held[at : at + size]) for at in range(0, len(held), size)]
            ids[tag] = Hashed(hash_values(pl.Series(digests, dtype=pl.UInt64)))
            bound = self._table.arrays(rows, count)
        listed = {} if tag is None else {tag: rows[ID].reshape((-1, count)).arr.to_list}
        named = [keys[k] for k in self._node.keys]
        return Matches(times=look.times[ends], keys=named, ids=ids, bound=bound, listed=listed)


def _ids(atom: Atom | None, rows: pl.DataFrame) -> dict[str, Hashed]:
    return {} if atom is None or atom.name is None else {atom.name: Hashed(hash_values(rows[ID]))}
