"""Open partial matches in sorted runs: what a batch touches is found by binary search, what is due by its instant.

Runs are merged when they are of like size, so that there are few and each row is moved seldom; rows that were taken are
marked, and swept out when they are the half of a run. Of both at most one is done at a time, and none of it makes a run
of more than so many rows. So a batch costs what it touches, however many keys are open, and no batch pays for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.patterns.columns.names import HASH, LAST, NEVER, UNTIL

__all__ = ["Runs", "ranges"]

Numbers = npt.NDArray[np.int64]
_STEP: Final = 1024
_LARGE: Final = 1 << 17
_MANY: Final = 32
"""Runs of this many rows are merged no more, unless there would be more than so many of them."""


def ranges(low: Numbers, high: Numbers) -> Numbers:
    """All numbers of the ranges [low, high), one range after the other."""
    counts = np.maximum(high - low, 0)
    ends = np.cumsum(counts)
    places: Numbers = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64) + np.repeat(low - ends + counts, counts)
    return places


@dataclass(slots=True, eq=False)
class _Run:
    """Rows sorted by hash; `by_due` is their order by deadline, `passed` how many of these are done with."""

    frame: pl.DataFrame
    hashes: npt.NDArray[np.uint64]
    by_due: Numbers
    dues: Numbers
    alive: npt.NDArray[np.bool_]
    live: int
    passed: int = 0

    @classmethod
    def of(cls, frame: pl.DataFrame, retain: int) -> _Run:
        hashes = frame[HASH].to_numpy()
        if np.any(hashes[1:] < hashes[:-1]):
            order = np.argsort(hashes)
            frame, hashes = _at(frame, order), hashes[order]
        dues = np.minimum(frame[UNTIL].to_numpy(), frame[LAST].to_numpy() + retain)
        by_due = np.argsort(dues)
        return cls(frame, hashes, by_due, dues[by_due], np.ones(frame.height, np.bool_), frame.height)

    @classmethod
    def merged(cls, one: _Run, other: _Run) -> _Run:
        """What is left of both, by merging their orders, for a sixth of what it takes to sort them."""
        parts = [run if run.live == run.frame.height else run.swept() for run in (one, other)]
        hashes = np.concatenate([run.hashes for run in parts])
        # A stable sort goes along what is in order already.
        order = np.argsort(hashes, kind="stable")
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        dues = np.concatenate([run.dues for run in parts])
        by_due = places[np.concatenate([parts[0].by_due, parts[1].by_due + parts[0].live])]
        next_ones = np.argsort(dues, kind="stable")
        frame = _at(pl.concat([run.frame for run in parts], rechunk=True), order)
        alive = np.ones(len(order), np.bool_)
        return cls(frame, hashes[order], by_due[next_ones], dues[next_ones], alive, len(order))

    @property
    def crowded(self) -> bool:
        """Whether most of it is dead."""
        return 2 * self.live < self.frame.height

    def rows(self) -> pl.DataFrame:
        """What is left."""
        return self.frame if self.live == self.frame.height else self.frame.filter(self.alive)

    def swept(self) -> _Run:
        """What is left, as a run: both orders stay."""
        places = np.cumsum(self.alive) - 1
        left = self.alive[self.by_due]
        by_due, dues = places[self.by_due[left]], self.dues[left]
        return _Run(self.rows(), self.hashes[self.alive], by_due, dues, np.ones(self.live, np.bool_), self.live)

    def take(self, hashes: npt.NDArray[np.uint64]) -> pl.DataFrame | None:
        low = self.hashes.searchsorted(hashes)
        last = len(self.hashes) - 1
        found = np.flatnonzero(self.hashes.take(np.minimum(low, last)) == hashes)
        if not len(found):
            return None
        low = low[found]
        # Mostly a group has one row, and the next one is of another.
        again = self.hashes.take(np.minimum(low + 1, last)) == hashes[found]
        again &= low < last
        return self._taken(ranges(low, self.hashes.searchsorted(hashes[found], "right")) if again.any() else low)

    def due(self, before: int) -> pl.DataFrame | None:
        end = int(np.searchsorted(self.dues, before, "left"))
        if end <= self.passed:
            return None
        places = self.by_due[self.passed : end]
        self.passed = end
        return self._taken(places)

    def next_due(self) -> int | None:
        """The earliest deadline of what is left."""
        while self.passed < len(self.dues):
            alive = self.alive[self.by_due[self.passed : self.passed + _STEP]]
            if alive.any():
                self.passed += int(alive.argmax())
                return int(self.dues[self.passed])
            self.passed += len(alive)
        return None

    def _taken(self, places: Numbers) -> pl.DataFrame | None:
        places = places[self.alive[places]]
        if not len(places):
            return None
        self.alive[places] = False
        self.live -= len(places)
        return _at(self.frame, places)


def _at(frame: pl.DataFrame, places: Numbers) -> pl.DataFrame:
    """The rows at these places; those of 32 bits are the ones that Polars takes as they are."""
    return frame[pl.Series(places.astype(np.uint32))]


@dataclass(slots=True)
class Runs:
    """Partial matches, each with `HASH`, `UNTIL` and `LAST`; `retain` (µs) after `LAST` a key is forgotten."""

    retain: int
    runs: list[_Run] = field(default_factory=list)

    def put(self, frame: pl.DataFrame) -> None:
        """Hold rows."""
        if frame.height:
            run = _Run.of(frame, self.retain)
            self.runs += [run] if frame.height <= 2 * _LARGE else self._parts(run)
            self._merge()

    def take(self, hashes: npt.NDArray[np.uint64]) -> pl.DataFrame | None:
        """All rows of some groups (sorted, each once), which are not held any more; None where there are none."""
        return self._gone([run.take(hashes) for run in self.runs])

    def due(self, before: int) -> pl.DataFrame | None:
        """All rows whose deadline lies before an instant, which are not held any more; None where there are none."""
        return self._gone([run.due(before) for run in self.runs])

    def next_due(self) -> int | None:
        """The earliest deadline; None where nothing is held, or nothing ends."""
        dues = [d for run in self.runs if (d := run.next_due()) is not None]
        return min((d for d in dues if d < NEVER), default=None)

    def rows(self) -> pl.DataFrame | None:
        """All that is held."""
        return pl.concat([run.rows() for run in self.runs]) if self.runs else None

    def _gone(self, taken: Sequence[pl.DataFrame | None]) -> pl.DataFrame | None:
        frames = [frame for frame in taken if frame is not None]
        if not frames:
            return None
        self.runs = [run for run in self.runs if run.live]
        crowded = next((n for n, run in enumerate(self.runs) if run.crowded), None)
        if crowded is not None:
            self.runs[crowded] = self.runs[crowded].swept()
        return pl.concat(frames, rechunk=True)

    def _parts(self, run: _Run) -> list[_Run]:
        """A large run as several."""
        return [_Run.of(run.frame[at : at + _LARGE], self.retain) for at in range(0, run.frame.height, _LARGE)]

    def _merge(self) -> None:
        """Merge the smallest two runs of like size; more than two only where there are too many."""
        self.runs.sort(key=lambda run: -run.live)
        most = max(_LARGE, sum(run.live for run in self.runs) // _MANY)
        at = len(self.runs) - 1
        while at > 0:
            before, last = self.runs[at - 1], self.runs[at]
            if before.live <= 2 * last.live and before.live + last.live <= most:
                self.runs[at - 1 : at + 1] = [_Run.merged(before, last)]
                if len(self.runs) <= 2 * _MANY:
                    return
            at -= 1
