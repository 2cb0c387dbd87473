"""Windows that closed because a peer could not be reached: said as undecided, and once more when all that it has is in.

They are kept for `retain`, whatever `late` says. Late rows of them wait here, and make no revisions of their own: there
is one, when every peer has accounted for the time of the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from slac.plan.aggregates import merged, part_columns
from slac.plan.expressions import AggregateCall
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.stream.batch import KEPT, REVISION, SEEN

_HELD: Final = "undecided"
_BLANK: Final = "undecided.blank"


class UndecidedWindows:
    """Partial rows (`_start`, `_end`, keys, parts) of windows, and those of windows in which a key had no rows.

    `_revision` is the one that is due to the window: 1 where it was said, 0 where all its rows came late.
    """

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall], retain: int) -> None:
        self._window = [START, END, *keys]
        self._calls = calls
        self._retain = retain
        self._columns = [*self._window, *part_columns(calls), KEPT, SEEN]
        self._held: list[pl.DataFrame] = []
        self._blank: list[pl.DataFrame] = []

    @property
    def rows(self) -> int:
        """Partial rows kept."""
        return sum(f.height for f in (*self._held, *self._blank))

    def keep(self, windows: pl.DataFrame, certain: int) -> None:
        """Remember those of the windows that are being said which end behind `certain`; blank ones have no parts."""
        unsure = windows.filter(pl.col(END) > certain)
        if unsure.height and KEPT in unsure.columns:
            self._held.append(unsure.select(*self._columns, _number(1)))
        elif unsure.height:
            self._blank.append(unsure.select(*self._window, _number(1)))

    def wait(self, partials: pl.DataFrame) -> None:
        """Take late rows of such windows, grouped, with the window that each of them missed."""
        if partials.height:
            self._held.append(partials.select(*self._columns, _number(0)))

    @property
    def next_due(self) -> int | None:
        """When the first of them has waited for long enough."""
        ends = [int(f[END].min()) for f in (*self._held, *self._blank)]  # type: ignore[arg-type]
        return min(ends) + self._retain if ends else None

    def forget(self, watermark: int) -> None:
        """Windows that ended `retain` ago stay undecided."""
        _, self._held = _parted(self._held, watermark - self._retain)
        _, self._blank = _parted(self._blank, watermark - self._retain)

    def due(self, certain: int) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """The windows that end by `certain`: partial rows, and blank ones; one a key, with `_revision`."""
        held, self._held = _parted(self._held, certain)
        blank, self._blank = _parted(self._blank, certain)
        if held is None:
            return None, blank
        numbers = pl.concat([f.select(*self._window, REVISION) for f in (held, blank) if f is not None])
        number = numbers.group_by(self._window).agg(pl.col(REVISION).max())
        groups = merged(held, self._window, self._calls).join(number, on=self._window, nulls_equal=True)
        return groups, None if blank is None else blank.join(held, on=self._window, how="anti", nulls_equal=True)

    def frames(self) -> dict[str, pl.DataFrame]:
        """Everything, for a snapshot."""
        return {name: pl.concat(f) for name, f in ((_HELD, self._held), (_BLANK, self._blank)) if f}

    def restore(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        self._held = [frames[_HELD]] if _HELD in frames else []
        self._blank = [frames[_BLANK]] if _BLANK in frames else []


def _number(revision: int) -> pl.Expr:
    return pl.lit(revision, pl.Int64).alias(REVISION)


def _parted(frames: list[pl.DataFrame], until: int) -> tuple[pl.DataFrame | None, list[pl.DataFrame]]:
    """Rows whose window ends by `until`, and those of later windows."""
    ready = [r for f in frames if (r := f.filter(pl.col(END) <= until)).height]
    rest = [r for f in frames if (r := f.filter(pl.col(END) > until)).height]
    return pl.concat(ready) if ready else None, rest
