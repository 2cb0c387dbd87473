"""Partial aggregates by pane and key: log-structured frames that are merged geometrically.

A row of state holds `_start` (start of its pane), `_expires` (end of the last window that needs it), `_after` (it
counts only in windows that end behind this instant: how a late row keeps out of windows that had closed when it came),
the keys, and the parts of the aggregates. Instants are Int64 µs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.aggregates import merged
from slac.plan.expressions import AggregateCall

START: Final = "_start"
EXPIRES: Final = "_expires"
AFTER: Final = "_after"
PLACE: Final = (START, EXPIRES, AFTER)


class PaneState:
    """Partial rows, added batch by batch, read by pane, forgotten once their last window has closed."""

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall]) -> None:
        self._by = [*PLACE, *keys]
        self._calls = calls
        self._runs: list[pl.DataFrame] = []
        self.lowest_start: int | None = None
        self.lowest_expiry: int | None = None
        self.highest_expiry: int | None = None

    @property
    def rows(self) -> int:
        """Number of partial rows held; a pane and key may have several."""
        return sum(run.height for run in self._runs)

    def add(self, partials: pl.DataFrame) -> None:
        """Take over partial rows; those of a pane and key that is already held are merged with it, now or later."""
        if not partials.height:
            return
        self._runs.append(partials)
        self._note(partials)
        while len(self._runs) > 1 and self._runs[-2].height < 2 * self._runs[-1].height:
            last = self._runs.pop()
            self._runs[-1] = merged(pl.concat([self._runs[-1], last]), self._by, self._calls)

    def starting_before(self, instant: int) -> pl.DataFrame:
        """Rows of panes that start before an instant (at least one run must be held)."""
        return pl.concat([run.filter(pl.col(START) < instant) for run in self._runs])

    def expire(self, watermark: int) -> None:
        """Forget panes whose last window has closed."""
        kept = [run.filter(pl.col(EXPIRES) > watermark) for run in self._runs]
        self._runs = [run for run in kept if run.height]
        self.lowest_start = self.lowest_expiry = self.highest_expiry = None
        for run in self._runs:
            self._note(run)

    def frame(self) -> pl.DataFrame | None:
        """All that is held, to be given to `add` of another."""
        return pl.concat(self._runs) if self._runs else None

    def _note(self, run: pl.DataFrame) -> None:
        start, low, high = run.select(
            pl.col(START).min(), pl.col(EXPIRES).min().alias("low"), pl.col(EXPIRES).max().alias("high")
        ).row(0)
        self.lowest_start = start if self.lowest_start is None else min(self.lowest_start, start)
        self.lowest_expiry = low if self.lowest_expiry is None else min(self.lowest_expiry, low)
        self.highest_expiry = high if self.highest_expiry is None else max(self.highest_expiry, high)
