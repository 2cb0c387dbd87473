"""Open partial matches in sorted runs: what a batch touches is found by binary search, what is due by its instant.

Runs are merged when they are of like size, so that there are few and each row is moved seldom; rows that were taken are
marked, and swept out when they are the half of a run. So a batch costs what it touches, however many keys are open.
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
            frame = frame[np.argsort(hashes, kind="stable")]
            hashes = frame[HASH].to_numpy()
        dues = np.minimum(frame[UNTIL].to_numpy(), frame[LAST].to_numpy() + retain)
        by_due = np.argsort(dues, kind="stable")
        return cls(frame, hashes, by_due, dues[by_due], np.ones(frame.height, np.bool_), frame.height)

    def rows(self) -> pl.DataFrame:
        """What is left."""
        return self.frame if self.live == self.frame.height else self.frame.filter(self.alive)

    def take(self, hashes: npt.NDArray[np.uint64]) -> pl.DataFrame:
        low = np.searchsorted(self.hashes, hashes, "left")
        high = np.searchsorted(self.hashes, hashes, "right")
        found = low < high
        return self._taken(ranges(low[found], high[found]))

    def due(self, before: int) -> pl.DataFrame:
        end = int(np.searchsorted(self.dues, before, "left"))
        places = self.by_due[self.passed : end]
        self.passed = max(end, self.passed)
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

    def _taken(self, places: Numbers) -> pl.DataFrame:
        places = places[self.alive[places]]
        self.alive[places] = False
        self.live -= len(places)
        return self.frame[places]


@dataclass(slots=True)
class Runs:
    """Partial matches, each with `HASH`, `UNTIL` and `LAST`; `retain` (µs) after `LAST` a key is forgotten."""

    retain: int
    runs: list[_Run] = field(default_factory=list)

    def put(self, frame: pl.DataFrame) -> None:
        """Hold rows."""
        if frame.height:
            self.runs.append(_Run.of(frame, self.retain))
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

    def _gone(self, taken: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
        frames = [frame for frame in taken if frame.height]
        if not frames:
            return None
        kept = [r if 2 * r.live >= r.frame.height else _Run.of(r.rows(), self.retain) for r in self.runs if r.live]
        self.runs = kept
        return pl.concat(frames)

    def _merge(self) -> None:
        while len(self.runs) > 1 and self.runs[-2].live <= 2 * self.runs[-1].live:
            last, before = self.runs.pop(), self.runs.pop()
            self.runs.append(_Run.of(pl.concat([before.rows(), last.rows()]), self.retain))
