"""Where windows of the calendar lie: from one local beginning of an hour, day, week, … to the next.

Windows are numbered without gaps, and found by number, so that the rest of a window operator is the same for them as
for windows of fixed length. All instants are integers in µs; what is local comes from the library's own time zones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

import polars as pl

from slac.plan.window_spec import CalendarUnit
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.stream.batch import TIME_TYPE

_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR
_FIRST: Final = -62_135_596_800_000_000
_LAST: Final = 253_370_764_800_000_000
"""Instants before the year 1 and from the year 9999 on are taken as these: only watermarks lie there."""

Instant = TypeVar("Instant", int, pl.Expr)


@dataclass(slots=True)
class CalendarGrid:
    """Windows that follow each other, one for each `unit` of the local time of `zone`; weeks begin on Mondays.

    A day begins at midnight, or where clocks go forward then, at the first instant that there is; an hour at each full
    hour of the local clock, so that of an hour that is repeated both are windows.
    """

    unit: CalendarUnit
    zone: str
    _known: tuple[int, int] = field(default=(0, 0), repr=False)

    @property
    def is_tumbling(self) -> bool:
        """Every pane is a window."""
        return True

    def pane_start(self, instant: int) -> int:
        """Start of the window that holds an instant."""
        return self._bounds(instant)[0]

    def pane_of(self, instant: pl.Expr) -> pl.Expr:
        """The same, by columns."""
        return self.start_of(self._number(instant))

    def panes(self, lowest: int, highest: int, most: int) -> list[int] | None:
        """The starts from one to another; None if there are more than `most`."""
        starts = [lowest]
        while starts[-1] < highest and len(starts) <= most:
            starts.append(self._bounds(starts[-1])[1])
        return starts if starts[-1] >= highest else None

    def first_end(self, pane_start: int) -> int:
        """End of the window that begins then."""
        return self._bounds(pane_start)[1]

    def end_after(self, instant: int) -> int:
        """End of the window that holds an instant."""
        # Before 2011 Newfoundland turned back over midnight: an hour then lay behind the end of its day.
        return max(self._bounds(instant)[1], instant + 1)

    def last_end(self, pane_start: Instant) -> Instant:
        """End of the window that begins then."""
        if isinstance(pane_start, int):
            return self._bounds(pane_start)[1]
        return self.end_of(self._number(pane_start))

    def missed(self, pane_start: pl.Expr, bound: pl.Expr) -> pl.Expr:
        """Whether (0 or 1) the window that begins then has ended by `bound`."""
        return (self.last_end(pane_start) <= bound).cast(pl.Int64)

    def ended(self, rows: pl.DataFrame, bound: pl.Expr) -> pl.DataFrame:
        """The rows whose window ended by `bound`: adds `_end`."""
        return rows.with_columns(self.last_end(pl.col(START)).alias(END)).filter(pl.col(END) <= bound)

    def windows(self, panes: pl.DataFrame, closed: int, until: int) -> pl.DataFrame:
        """Nobody asks: every pane is a window."""
        raise NotImplementedError

    def closed_by(self, instant: pl.Expr) -> pl.Expr:
        """The number of the last window that ends at or before an instant."""
        return self._number(instant) - 1

    def end_of(self, number: pl.Expr) -> pl.Expr:
        """End of a window, by its number."""
        return self.start_of(number + 1)

    def start_of(self, number: pl.Expr) -> pl.Expr:
        """Start of a window, by its number."""
        match self.unit:
            case "hour":
                last = number * _HOUR + (_HOUR - 1)
                return last - self._local(last).cast(pl.Int64) % _HOUR
            case "day":
                return self._instant(_midnight(number))
            case "week":
                return self._instant(_midnight(number * 7 - 3))
            case "month":
                return self._instant(pl.datetime(number // 12, number % 12 + 1, 1))
            case "quarter":
                return self._instant(pl.datetime(number // 4, number % 4 * 3 + 1, 1))
            case "year":
                return self._instant(pl.datetime(number, 1, 1))

    def _number(self, instant: pl.Expr) -> pl.Expr:
        bounded = instant.clip(_FIRST, _LAST)
        local = self._local(bounded)
        day, year = local.dt.date().cast(pl.Int64), local.dt.year().cast(pl.Int64)
        match self.unit:
            case "hour":
                return (bounded - local.cast(pl.Int64) % _HOUR) // _HOUR
            case "day":
                return day
            case "week":
                # The epoch was a Thursday.
                return (day + 3) // 7
            case "month":
                return year * 12 + local.dt.month().cast(pl.Int64) - 1
            case "quarter":
                return year * 4 + local.dt.quarter().cast(pl.Int64) - 1
            case "year":
                return year

    def _local(self, instant: pl.Expr) -> pl.Expr:
        """The local clock at an instant, as a time without zone."""
        return instant.cast(TIME_TYPE).dt.convert_time_zone(self.zone).dt.replace_time_zone(None)

    def _instant(self, local: pl.Expr) -> pl.Expr:
        """The first instant at which the local clock shows this; where it skips it, the first behind the gap."""
        # A gap is of up to an hour; but zones have moved over the date line, and skipped a day.
        tries = [
            (local + pl.duration(hours=hours)).dt.replace_time_zone(
                self.zone, ambiguous="earliest", non_existent="null"
            )
            for hours in (0, 1, 24)
        ]
        return pl.coalesce(tries).cast(pl.Int64)

    def _bounds(self, instant: int) -> tuple[int, int]:
        """The window that holds an instant. The last one asked for is remembered: time goes on in small steps."""
        start, end = self._known
        if not start <= instant < end:
            number = self._number(pl.lit(instant, pl.Int64))
            self._known = pl.select(self.start_of(number).alias("s"), self.end_of(number).alias("e")).row(0)
        return self._known


def _midnight(day: pl.Expr) -> pl.Expr:
    return (day * _DAY).cast(pl.Datetime("us"))
