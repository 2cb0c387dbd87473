"""Open sessions by key: partial rows with their first and last instant, merged where they are less than a gap apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.aggregates import grouped, grouped_rows, merge_exprs, part_columns, partial_exprs
from slac.plan.expressions import AggregateCall
from slac.runtime.operators.pane_state import GATHER, START
from slac.stream.batch import KEPT, SEEN, instants

LAST: Final = "_last"
"""Column (Int64 µs) of the last row of a session; `_start` is that of its first."""
_NUMBER: Final = "_number"


class SessionState:
    """Log-structured: frames of partial rows, in which a session may still stand in several pieces."""

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall], gap: int) -> None:
        self._keys, self._calls, self._gap = list(keys), calls, gap
        self._columns = [START, LAST, *keys, *part_columns(calls), KEPT, SEEN]
        self._runs: list[pl.DataFrame] = []

    @property
    def rows(self) -> int:
        """Number of partial rows held; a session may have several."""
        return sum(run.height for run in self._runs)

    @property
    def lowest_last(self) -> int | None:
        """The earliest last instant of any piece: no session ends before this and the gap behind it."""
        return min((int(run[LAST].min()) for run in self._runs), default=None)  # type: ignore[arg-type]

    @property
    def highest_last(self) -> int | None:
        """The last instant of all."""
        return max((int(run[LAST].max()) for run in self._runs), default=None)  # type: ignore[arg-type]

    def add_rows(self, frame: pl.DataFrame) -> None:
        """Take rows of the stream."""
        at = instants(frame)
        rows = frame.with_columns(at.alias(START), at.alias(LAST)).sort(START, maintain_order=True)
        bounds = [pl.col(START).min(), pl.col(LAST).max()]
        exprs = [*partial_exprs(self._calls, frame.columns), *bounds]
        self.add(grouped_rows(self._numbered(rows), [*self._keys, _NUMBER], self._calls, exprs).select(self._columns))

    def add(self, pieces: pl.DataFrame) -> None:
        """Take partial rows."""
        if not pieces.height:
            return
        self._runs.append(pieces)
        while len(self._runs) >= GATHER and self._runs[-GATHER].height <= 2 * sum(
            run.height for run in self._runs[-GATHER + 1 :]
        ):
            self._runs[-GATHER:] = [self._merged(pl.concat(self._runs[-GATHER:]))]

    def take_ended(self, watermark: int) -> pl.DataFrame | None:
        """Remove and give the sessions (one row each) whose last instant and the gap behind it are over."""
        ended = pl.col(LAST) <= watermark - self._gap
        keys = [run.filter(ended).select(self._keys) for run in self._runs]
        if not any(found.height for found in keys) and self._keys:
            return None
        mine, others = self._of(pl.concat(keys).unique()) if self._keys else (self._runs, [])
        whole = self._merged(pl.concat(mine))
        self._runs = [run for run in others if run.height]
        self.add(whole.filter(~ended))
        over = whole.filter(ended)
        return over if over.height else None

    def keys(self) -> pl.DataFrame:
        """The distinct keys held."""
        held = self.frame()
        return pl.DataFrame(schema=self._keys) if held is None else held.select(self._keys).unique()

    def part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        """All that is held of some distinct keys."""
        mine = self._of(keys)[0] if self._keys else self._runs
        found = [run for run in mine if run.height]
        return pl.concat(found) if found else None

    def forget(self, keys: pl.DataFrame) -> None:
        """Let go of some distinct keys."""
        others = self._of(keys)[1] if self._keys else []
        self._runs = [run for run in others if run.height]

    def frame(self) -> pl.DataFrame | None:
        """All that is held, to be given to `add` of another."""
        return pl.concat(self._runs) if self._runs else None

    def _of(self, keys: pl.DataFrame) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
        """All pieces of these keys, and those of all others."""
        return (
            [run.join(keys, on=self._keys, how="semi", nulls_equal=True) for run in self._runs],
            [run.join(keys, on=self._keys, how="anti", nulls_equal=True) for run in self._runs],
        )

    def _merged(self, pieces: pl.DataFrame) -> pl.DataFrame:
        exprs = [pl.col(START).min(), pl.col(LAST).max(), *merge_exprs(self._calls)]
        return grouped(self._numbered(pieces.sort(START)), [*self._keys, _NUMBER], exprs).select(self._columns)

    def _numbered(self, pieces: pl.DataFrame) -> pl.DataFrame:
        """Pieces (sorted by `_start`) with the number of their session among those of their key."""
        before = pl.col(LAST).cum_max().shift(1)
        number = (pl.col(START) - before >= self._gap).fill_null(value=False).cum_sum()
        return pieces.with_columns((number.over(self._keys) if self._keys else number).alias(_NUMBER))
