"""`late: restate`: what was said of a window is kept for `retain`, and said again when a late row changes it.

Late rows wait until the watermark has moved on from where it stood when they came; those that came at one watermark
make one revision. So revisions do not depend on batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from slac.plan.accumulation import accumulated
from slac.plan.aggregates import grouped_rows, merged, part_columns, partial_exprs
from slac.plan.expressions import AggregateCall
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.stream.batch import ARRIVAL_WATERMARK, KEPT, REVISION, SEEN

_SAID: Final = "said"
_WAITING: Final = "waiting"


class Restatements:
    """Windows that were said (`_start`, `_end`, keys, parts, `_revision`), and late rows (with `_wm`) for them."""

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall], retain: int) -> None:
        self._window = [START, END, *keys]
        self._calls = calls
        self._retain = retain
        self._columns = [*self._window, *part_columns(calls), KEPT, SEEN]
        self._said: list[pl.DataFrame] = []
        self._waiting: list[pl.DataFrame] = []

    @property
    def rows(self) -> int:
        """Windows kept."""
        return sum(f.height for f in self._said)

    @property
    def next_due(self) -> int | None:
        """Just behind the first watermark at which waiting rows came."""
        return min((int(f[ARRIVAL_WATERMARK].min()) + 1 for f in self._waiting), default=None)  # type: ignore[arg-type]

    @property
    def open_until(self) -> int | None:
        """Just behind the last of them."""
        return max((int(f[ARRIVAL_WATERMARK].max()) + 1 for f in self._waiting), default=None)  # type: ignore[arg-type]

    def keep(self, windows: pl.DataFrame) -> None:
        """Remember windows that are being said for the first time: partial rows, one each; parts may be absent."""
        first = pl.lit(0, pl.Int64).alias(REVISION)
        present = [c for c in self._columns if c in windows.columns]
        self._said.append(windows.select(*present, first))

    def take(self, windows: pl.DataFrame) -> None:
        """Go on with windows that others have said again: partial rows with `_revision`; parts may be absent."""
        present = [c for c in self._columns if c in windows.columns]
        self._said.append(windows.select(*present, REVISION))

    def wait(self, rows: pl.DataFrame) -> None:
        """Take late rows, with the window that each of them missed (`_start`, `_end`)."""
        exprs = partial_exprs(self._calls, rows.columns)
        groups = grouped_rows(rows, [*self._window, ARRIVAL_WATERMARK], self._calls, exprs)
        self._waiting.append(groups.select(*self._columns, ARRIVAL_WATERMARK))

    def due(self, watermark: int) -> pl.DataFrame | None:
        """Windows as they are now (partial rows with `_revision` and `_wm`), a row for each revision; None for none."""
        self._said = [f for f in self._said if int(f[END].max()) > watermark - self._retain]  # type: ignore[arg-type]
        if self._waiting:
            waiting = pl.concat(self._waiting)
            ready = waiting.filter(pl.col(ARRIVAL_WATERMARK) < watermark)
            rest = waiting.filter(pl.col(ARRIVAL_WATERMARK) >= watermark)
            self._waiting = [rest] if rest.height else []
            if ready.height:
                return self._revised(ready)
        return None

    def frames(self) -> dict[str, pl.DataFrame]:
        """Everything, for a snapshot."""
        held = {_SAID: self._said, _WAITING: self._waiting}
        return {name: pl.concat(frames, how="diagonal") for name, frames in held.items() if frames}

    def restore(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        self._said = [frames[_SAID]] if _SAID in frames else []
        self._waiting = [frames[_WAITING]] if _WAITING in frames else []

    def _revised(self, ready: pl.DataFrame) -> pl.DataFrame:
        touched = ready.select(self._window).unique()
        before = [f.join(touched, on=self._window, how="semi", nulls_equal=True) for f in self._said]
        others = [f.join(touched, on=self._window, how="anti", nulls_equal=True) for f in self._said]
        # At one watermark a window may have late rows of several batches: they are one revision.
        rows = merged(ready, [*self._window, ARRIVAL_WATERMARK], self._calls).sort(ARRIVAL_WATERMARK)
        known = [f.with_columns(pl.lit(None, pl.Int64).alias(ARRIVAL_WATERMARK)) for f in before if f.height]
        together = pl.concat([*known, rows], how="diagonal")
        together = together.with_columns(pl.col(KEPT).fill_null(0), pl.col(SEEN).fill_null(0))
        if REVISION not in together.columns:
            together = together.with_columns(pl.lit(None, pl.Int64).alias(REVISION))
        together = accumulated(together, self._window, self._calls, in_time=False)
        # A window that was never said, because no row for it was on time, begins with revision 0.
        number = pl.int_range(pl.len(), dtype=pl.Int64).over(self._window)
        first = pl.col(REVISION).max().over(self._window).fill_null(0)
        together = together.with_columns((first + number).alias(REVISION))
        latest = together.unique(self._window, keep="last", maintain_order=True)
        self._said = [f for f in others if f.height] + [latest.select(*self._columns, REVISION)]
        return together.filter(pl.col(ARRIVAL_WATERMARK).is_not_null())
