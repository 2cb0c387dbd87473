"""Partial aggregates by pane and key: log-structured frames that are merged when several of one size have gathered.

A row of state holds `_start` (start of its pane), `_expires` (end of the last window that needs it), `_after` (it
counts only in windows that end behind this instant: how a late row keeps out of windows that had closed when it came),
the keys, and the parts of the aggregates. Instants are Int64 µs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from slac.plan.aggregates import merged
from slac.plan.expressions import AggregateCall

START: Final = "_start"
EXPIRES: Final = "_expires"
AFTER: Final = "_after"
PLACE: Final = (START, EXPIRES, AFTER)

GATHER: Final = 8
"""So many runs of about one size become one: the more, the fewer rows are merged again, and the more are held."""


@dataclass(frozen=True, slots=True)
class Run:
    """Partial rows, with the bounds that spare a look at them: lowest `_start`, lowest and highest `_expires`."""

    frame: pl.DataFrame
    start: int
    low: int
    high: int

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Run:
        """A run of at least one row."""
        expires = frame[EXPIRES]
        return cls(frame, frame[START].min(), expires.min(), expires.max())  # type: ignore[arg-type]

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.frame.height


class PaneState:
    """Partial rows, added batch by batch, read by pane, forgotten once their last window has closed.

    `apart`: they are not merged before they are read.
    """

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall], *, apart: bool = False) -> None:
        self._by = [*PLACE, *keys]
        self._calls = calls
        self._apart = apart
        self._runs: list[Run] = []

    @property
    def rows(self) -> int:
        """Number of partial rows held; a pane and key may have several."""
        return sum(run.height for run in self._runs)

    @property
    def lowest_start(self) -> int | None:
        """Start of the earliest pane."""
        return min((run.start for run in self._runs), default=None)

    @property
    def lowest_expiry(self) -> int | None:
        """When the first pane can be forgotten."""
        return min((run.low for run in self._runs), default=None)

    @property
    def highest_expiry(self) -> int | None:
        """When the last pane can be forgotten."""
        return max((run.high for run in self._runs), default=None)

    def add(self, partials: pl.DataFrame) -> None:
        """Take over partial rows; those of a pane and key that is already held are merged with it, now or later."""
        if not partials.height:
            return
        self._runs.append(Run.of(partials))
        while self._is_crowded():
            last = [run.frame for run in self._runs[-GATHER:]]
            self._runs[-GATHER:] = [Run.of(merged(pl.concat(last), self._by, self._calls))]

    def starting_before(self, instant: int) -> pl.DataFrame:
        """Rows of panes that start before an instant (at least one run must be held)."""
        return pl.concat([run.frame for run in self._runs]).filter(pl.col(START) < instant)

    def expiring_by(self, instant: int) -> pl.DataFrame | None:
        """Rows of panes whose last window ends at or before an instant; None where there is none."""
        due = [
            run.frame if run.high <= instant else run.frame.filter(pl.col(EXPIRES) <= instant)
            for run in self._runs
            if run.low <= instant
        ]
        return pl.concat(due) if due else None

    def expire(self, watermark: int) -> None:
        """Forget panes whose last window has closed."""
        self._runs = [
            run if run.low > watermark else Run.of(run.frame.filter(pl.col(EXPIRES) > watermark))
            for run in self._runs
            if run.high > watermark
        ]

    def frame(self) -> pl.DataFrame | None:
        """All that is held, to be given to `add` of another."""
        return pl.concat([run.frame for run in self._runs]) if self._runs else None

    def _is_crowded(self) -> bool:
        """Whether the last runs are so many, and together so large, that merging them is worth it."""
        if self._apart or len(self._runs) < GATHER:
            return False
        first, *others = (run.height for run in self._runs[-GATHER:])
        return first <= 2 * sum(others)
