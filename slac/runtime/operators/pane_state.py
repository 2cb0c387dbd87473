"""Partial aggregates by pane and key: a log of frames while there are few, tables by slot where a pane has many keys.

Raw rows may be added up by slot before they are partial rows (`pane_sums`): of a pane that is read, they become such.
The frames of the log are merged when several of one size have gathered. That would cost as much as there is state, from
time to time; so rows of a pane with many keys go to a table of their own, where each batch exchanges its keys' rows.

A row of state holds `_start` (start of its pane), `_expires` (end of the last window that needs it), `_after` (it
counts only in windows that end behind this instant: how a late row keeps out of windows that had closed when it came),
the keys, and the parts of the aggregates. Instants are Int64 µs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import merged
from slac.plan.expressions import AggregateCall
from slac.runtime.operator import BEGINNING
from slac.runtime.operators.pane_cells import cells_of
from slac.runtime.operators.pane_sums import PaneSums, Piece
from slac.runtime.operators.pane_table import PaneTable, Place
from slac.stream.framing import column_of, frame_of

START: Final = "_start"
EXPIRES: Final = "_expires"
AFTER: Final = "_after"
PLACE: Final = (START, EXPIRES, AFTER)

GATHER: Final = 8
"""So many runs of about one size become one: the more, the fewer rows are merged again, and the more are held."""
MANY: Final = 4096
"""So many keys of a pane are worth a table."""


@dataclass(frozen=True, slots=True)
class Run:
    """Partial rows, with the bounds that spare a look at them: lowest `_start`, lowest and highest `_expires`.

    `distinct`: there is one row a pane, `_after` and key.
    """

    frame: pl.DataFrame
    start: int
    low: int
    high: int
    distinct: bool = True

    @classmethod
    def of(cls, frame: pl.DataFrame, *, distinct: bool = True) -> Run:
        """A run of at least one row."""
        expires = frame[EXPIRES]
        return cls(frame, frame[START].min(), expires.min(), expires.max(), distinct)  # type: ignore[arg-type]

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.frame.height

    @property
    def place(self) -> Place | None:
        """The pane and `_after` of all rows; None where they are not the same."""
        frame = self.frame
        if self.low != self.high or self.start != frame[START].max() or frame[AFTER].min() != frame[AFTER].max():
            return None
        return self.start, self.low, int(frame[AFTER][0])


class PaneState:
    """Partial rows, added batch by batch, read by pane, forgotten once their last window has closed.

    `apart`: they are not merged before they are read.
    """

    def __init__(self, keys: Sequence[str], calls: Sequence[AggregateCall], *, apart: bool = False) -> None:
        self._keys = list(keys)
        self._by = [*PLACE, *keys]
        self._calls = calls
        self._apart = apart
        self._cells = cells_of(calls) if keys and not apart else None
        self._runs: list[Run] = []
        self._tables: dict[Place, PaneTable] = {}
        self._sums = PaneSums(keys, calls)

    @property
    def rows(self) -> int:
        """Number of partial rows held; a pane and key may have several."""
        return sum(run.height for run in self._runs) + sum(map(len, self._tables.values())) + self._sums.rows

    @property
    def lowest_start(self) -> int | None:
        """Start of the earliest pane."""
        written = (start for start, _ in self._sums.places)
        return min(
            (*(run.start for run in self._runs), *(start for start, _, _ in self._tables), *written), default=None
        )

    @property
    def lowest_expiry(self) -> int | None:
        """When the first pane can be forgotten."""
        others = (expires for _, expires in (*(place[:2] for place in self._tables), *self._sums.places))
        return min((*(run.low for run in self._runs), *others), default=None)

    @property
    def highest_expiry(self) -> int | None:
        """When the last pane can be forgotten."""
        others = (expires for _, expires in (*(place[:2] for place in self._tables), *self._sums.places))
        return max((*(run.high for run in self._runs), *others), default=None)

    def write(self, rows: pl.DataFrame, pieces: Sequence[Piece]) -> Sequence[Piece]:
        """Add up raw rows of these panes, as far as that is worth it; the pieces that the caller has to group."""
        left = self._sums.take(rows, pieces)
        if self._sums.is_full:
            self._settle(self._sums.places)
        return left

    def add(self, partials: pl.DataFrame, *, distinct: bool = True) -> None:
        """Take over partial rows; those of a pane and key that is already held are merged with it, now or later.

        `distinct`: there is one a pane, `_after` and key.
        """
        if not partials.height:
            return
        rest = self._tabled(Run.of(partials, distinct=distinct))
        self._runs += rest
        while rest and self._is_crowded():
            last = [run.frame for run in self._runs[-GATHER:]]
            rest = self._tabled(Run.of(merged(pl.concat(last), self._by, self._calls)))
            self._runs[-GATHER:] = rest

    def restore(self, held: pl.DataFrame) -> None:
        """Take over what `frame` gave. Mostly there is one row a pane and key, which hashes tell cheaply."""
        hashes = held.select(self._by).hash_rows()
        self.add(held, distinct=hashes.n_unique() == held.height)

    def starting_before(self, instant: int) -> pl.DataFrame | None:
        """Rows of panes that start before an instant; None where there are none."""
        self._settle([place for place in self._sums.places if place[0] < instant])
        tables = [_placed(place, table) for place, table in self._tables.items() if place[0] < instant]
        runs = [run.frame for run in self._runs if run.start < instant]
        return _joined([*([pl.concat(runs).filter(pl.col(START) < instant)] if runs else []), *tables])

    def expiring_by(self, instant: int) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """Rows of panes whose last window ends at or before an instant: those to be merged, and those that need not be.

        Need not: of a pane that has one row a key, and aggregates that a merger leaves as they are. None for none.
        """
        written = [place for place in self._sums.places if place[1] <= instant]
        if written and self._has_only_sums(instant):
            return None, self._settled_together(written)
        self._settle(written)
        self._gather(instant)
        runs = [
            run if run.high <= instant else Run.of(run.frame.filter(pl.col(EXPIRES) <= instant), distinct=run.distinct)
            for run in self._runs
            if run.low <= instant
        ]
        tables = [(place, _placed(place, table)) for place, table in self._tables.items() if place[1] <= instant]
        due = [*((run.place if run.distinct else None, run.frame) for run in runs), *tables]
        if self._cells is None or any(place is None for place, _ in due):
            return _joined([frame for _, frame in due]), None
        counts = Counter(place[:2] for place, _ in due if place is not None)
        alone = [place is not None and counts[place[:2]] == 1 for place, _ in due]
        kept = [[frame for (_, frame), one in zip(due, alone, strict=True) if one is whole] for whole in (False, True)]
        return _joined(kept[0]), _joined(kept[1])

    def expire(self, watermark: int) -> None:
        """Forget panes whose last window has closed."""
        self._runs = [
            run if run.low > watermark else Run.of(run.frame.filter(pl.col(EXPIRES) > watermark), distinct=run.distinct)
            for run in self._runs
            if run.high > watermark
        ]
        self._tables = {place: table for place, table in self._tables.items() if place[1] > watermark}

    def frame(self) -> pl.DataFrame | None:
        """All that is held, to be given to `restore` of another."""
        self._settle(self._sums.places)
        held = [*(run.frame for run in self._runs), *(_placed(place, table) for place, table in self._tables.items())]
        return pl.concat(held) if held else None

    def _settle(self, places: Iterable[tuple[int, int]]) -> None:
        """Make partial rows of what was added up of these panes (start, expiry); they are about to be read."""
        for start, expires, rows in self._sums.taken_out(places):
            place = (start, expires, BEGINNING)
            columns = [_constant(name, value, rows.height) for name, value in zip(PLACE, place, strict=True)]
            frame = frame_of([*columns, *rows.get_columns()])
            if place in self._tables:
                self._tables[place].add(frame)
            else:
                self._runs.append(Run(frame, start, expires, expires))

    def _has_only_sums(self, instant: int) -> bool:
        """Whether all of the panes that are over by then is what was added up of them: the usual case."""
        others = (*(run.low for run in self._runs), *(expires for _, expires, _ in self._tables))
        return not any(expires <= instant for expires in others)

    def _settled_together(self, places: Sequence[tuple[int, int]]) -> pl.DataFrame:
        """As `_settle`, in one frame of several panes, which is held as one run."""
        rows, counts = self._sums.together(places)
        starts, ends = (np.array(of, np.int64) for of in zip(*places, strict=True))
        columns = [column_of(n, np.repeat(v, counts)) for n, v in ((START, starts), (EXPIRES, ends))]
        frame = frame_of([*columns, _constant(AFTER, BEGINNING, rows.height), *rows.get_columns()])
        self._runs.append(Run(frame, int(starts.min()), int(ends.min()), int(ends.max())))
        return frame

    def _gather(self, instant: int) -> None:
        """Put runs into the tables of their panes, if those are due: then nothing has to be merged as a whole."""
        if self._cells is None or not any(expires <= instant for _, expires, _ in self._tables):
            return
        rest = [run for run in self._runs if run.low > instant or run.place not in self._tables]
        for run in self._runs:
            if run.low <= instant and run.place in self._tables:
                self._tabled(run)
        self._runs = rest

    def _tabled(self, run: Run) -> list[Run]:
        """Put rows where a table is, or should be; what is left, at most one run."""
        if self._cells is None or (not self._tables and run.height < MANY):
            return [run]
        place = run.place
        if run.height < MANY and place not in self._tables:
            return [run]
        frame = run.frame if run.distinct else merged(run.frame, self._by, self._calls)
        if place is not None:
            return [] if self._enter(place, frame) else [Run.of(frame)]
        panes = frame.partition_by(PLACE, as_dict=True).items()
        rest = [rows for (start, expires, after), rows in panes if not self._enter((start, expires, after), rows)]
        return [Run.of(pl.concat(rest))] if rest else []

    def _enter(self, place: Place, rows: pl.DataFrame) -> bool:
        """Whether these rows are in a table now."""
        assert self._cells is not None
        if place not in self._tables:
            if rows.height < MANY:
                return False
            self._tables[place] = PaneTable(self._keys, self._cells, rows)
        self._tables[place].add(rows)
        return True

    def _is_crowded(self) -> bool:
        """Whether the last runs are so many, and together so large, that merging them is worth it."""
        if self._apart or len(self._runs) < GATHER:
            return False
        first, *others = (run.height for run in self._runs[-GATHER:])
        return first <= 2 * sum(others)


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    return pl.concat(frames) if frames else None


def _placed(place: Place, table: PaneTable) -> pl.DataFrame:
    """The rows of a table with the columns of their pane."""
    rows = table.frame()
    values = [pl.lit(value, pl.Int64).alias(name) for name, value in zip(PLACE, place, strict=True)]
    return rows.select(*values, pl.all())


def _constant(name: str, value: int, rows: int) -> pl.Series:
    return pl.Series(name, [value], dtype=pl.Int64).new_from_index(0, rows)
