"""Windows without rows: keys that were seen within `retain` get a row for them, because an audit reads the stream."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from slac.plan.calendars import CalendarSpec, ServiceTime
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.runtime.operators.window_grids import AnyGrid

LAST = "_last"
"""Column (Int64 µs) of the end of a key's last window that held rows."""


class WindowFill:
    """Remembers keys with the end of their last window that held rows, for `retain` µs.

    Windows without an hour of the calendar `during` need no row.
    """

    def __init__(self, keys: Sequence[str], retain: int, during: CalendarSpec | None = None) -> None:
        self._service = None if during is None else ServiceTime(during)
        self._keys = list(keys)
        self._retain = retain
        self._known: pl.DataFrame | None = None
        self._latest: int | None = None

    @property
    def latest(self) -> int | None:
        """The end of the last window that held rows of any remembered key."""
        return self._latest

    @property
    def keys(self) -> int:
        """Number of keys remembered."""
        return 0 if self._known is None else self._known.height

    def next_due(self, grid: AnyGrid, closed: int) -> int | None:
        """The next end of a window behind `closed`, if a remembered key may need a row for it."""
        if self._latest is None:
            return None
        end = grid.end_after(max(closed, self._latest))
        return end if end <= self._latest + self._retain else None

    def missing(self, groups: pl.DataFrame | None, grid: AnyGrid, closed: int, until: int) -> pl.DataFrame | None:
        """Keys and windows (`_start`, `_end`, keys) without rows and with an end in (closed, until].

        `groups`: keys and `_end` of the windows that hold rows. They are remembered, and keys that fell silent for
        longer than `retain` forgotten.
        """
        seen = [] if groups is None else [groups.select(*self._keys, pl.col(END).alias(LAST))]
        known = [] if self._known is None else [self._known]
        if not seen and not known:
            return None
        timeline = pl.concat([*known, *seen]).unique().sort(LAST)
        self._remember(timeline, until)
        gaps = self._served(self._gaps(timeline, grid, closed, until))
        return gaps if gaps.height else None

    def frame(self) -> pl.DataFrame | None:
        """All that is remembered: keys and `_last`."""
        return self._known

    def restore(self, known: pl.DataFrame) -> None:
        """Take over what `frame` gave."""
        self._known = known
        self._latest = _highest(known)

    def _remember(self, timeline: pl.DataFrame, until: int) -> None:
        latest = timeline.unique(self._keys, keep="last") if self._keys else timeline.tail(1)
        latest = latest.filter(pl.col(LAST) > until - self._retain)
        self._known = latest if latest.height else None
        self._latest = _highest(latest)

    def _served(self, gaps: pl.DataFrame) -> pl.DataFrame:
        if self._service is None:
            return gaps
        return gaps.filter(pl.Series(self._service.overlaps(gaps[START].to_numpy(), gaps[END].to_numpy())))

    def _gaps(self, timeline: pl.DataFrame, grid: AnyGrid, closed: int, until: int) -> pl.DataFrame:
        following = pl.col(LAST).shift(-1)
        if self._keys:
            following = following.over(self._keys)
        silent = pl.min_horizontal(pl.col(LAST) + self._retain, pl.lit(until, pl.Int64))
        first = pl.max_horizontal(grid.closed_by(pl.col(LAST)), grid.closed_by(pl.lit(closed, pl.Int64))) + 1
        last = pl.min_horizontal(grid.closed_by(following) - 1, grid.closed_by(silent))
        number = pl.col("_number")
        return (
            timeline.with_columns(first.alias("_first"), last.alias("_final"))
            .filter(pl.col("_first") <= pl.col("_final"))
            .with_columns(pl.int_ranges("_first", pl.col("_final") + 1, dtype=pl.Int64).alias("_number"))
            .explode("_number")
            .select(grid.start_of(number).alias(START), grid.end_of(number).alias(END), *self._keys)
        )


def _highest(known: pl.DataFrame) -> int | None:
    return int(known[LAST].max()) if known.height else None  # type: ignore[arg-type]
