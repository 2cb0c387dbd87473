"""Aggregates by key and window, closed by the watermark.

A batch is grouped first, by pane and key; what it adds to the state are partial rows. A window closes when the
watermark reaches its end, and is never said twice: a row that comes too late for it is counted in `late`, once for
each window that it misses, and still counts in those that were open when it arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import follows_order, grouped, merge_exprs, mixed_series, part_columns
from slac.plan.nodes import WindowNode
from slac.runtime.instructions import Mixed, Notice
from slac.runtime.operator import BEGINNING, ENDED, Operator, OperatorContext, State
from slac.runtime.operators.pane_state import AFTER, EXPIRES, START, PaneState
from slac.runtime.operators.pane_sums import Piece
from slac.runtime.operators.window_fill import WindowFill
from slac.runtime.operators.window_grid import END, Grid
from slac.runtime.operators.window_grids import grid_of
from slac.runtime.operators.window_partials import PartialRows
from slac.runtime.operators.window_past import WindowPast
from slac.runtime.operators.window_restate import Restatements
from slac.runtime.operators.window_rows import WindowRows
from slac.runtime.operators.window_undecided import UndecidedWindows
from slac.stream.batch import ARRIVAL_WATERMARK, KEPT, REVISION, SEEN, TIME, UNDECIDED, WINDOW_START, Batch, instants
from slac.stream.sums import weight_units

_INSTANT = pl.col(TIME).to_physical()
_FEW: Final = 4
"""So many panes in a batch are worth a grouping each."""


class WindowOperator(Operator):
    """One window node in any of its roles; state is bounded by open windows × keys, and by `retain` where it fills.

    Rows out: `_time` (end − 1 µs), `_id`, `_window_start`, `_seen`, `_kept`, then the node's schema (`partial`: keys
    and parts), in the order of (`_time`, `_id`).
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        self._node = node
        # Rows of `same` and partial rows carry the window that they belong to; a grid is then needed to fill only.
        self._carried = node.window.kind == "same" or node.role == "final"
        self._grid = grid_of(node.window)
        self._rows = WindowRows(node, context.document)
        # Samples from several instances merge all at once, so that it does not matter which of them came first.
        apart = node.role == "final" and follows_order(node.aggregates)
        self._state = PaneState(node.keys, node.aggregates, apart=apart)
        self._mixed = mixed_series(node.aggregates) if apart else None
        self._fill = WindowFill(node.keys, node.retain, node.during) if node.fill and node.role != "partial" else None
        restates = node.late == "restate" and node.role != "partial"
        self._restate = Restatements(node.keys, node.aggregates, node.retain) if restates else None
        self._undecided = UndecidedWindows(node.keys, node.aggregates, node.retain)
        estimates = self._rows.estimates
        self._past = WindowPast(node.keys, estimates) if estimates is not None and estimates.remembered else None
        self._certain = ENDED
        self._columns = [START, EXPIRES, AFTER, *node.keys, *part_columns(node.aggregates), KEPT, SEEN]
        self._partials = PartialRows(node.aggregates)
        self._closed = BEGINNING
        self._late = self._mixed_groups = self._told = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Group the rows and keep the result; one that is said again counts as late, not twice."""
        if batch.late and REVISION in batch.frame.columns:
            fresh = batch.frame.filter(pl.col(REVISION).fill_null(0) == 0)
            self._late += batch.height - fresh.height
            batch = Batch(fresh, late=True)
            if not fresh.height:
                return ()
        pieces = None if batch.late else self._by_pane(batch.frame)
        if pieces is not None:
            for piece in self._state.write(batch.frame, pieces):
                self._state.add(self._pane_rows(piece, batch.frame))
            return ()
        frame, late = self._placed(batch.frame, late=batch.late)
        if late:
            frame = self._still_open(frame)
        if frame.height:
            partials = self._merged_rows(frame) if self._node.role == "final" else self._grouped(frame)
            self._learn(partials)
            # What other instances have grouped may say a key more than once.
            self._state.add(partials.select(self._columns), distinct=self._node.role != "final")
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Close every window whose end the watermark has reached; undecided where a peer may have rows of it."""
        panes = self._due(watermark)
        rows = [] if panes is None else [self._said(panes)]
        if self._fill is not None and self._grid is not None:
            blanks = self._filled(panes, watermark, end=end)
            # Where a gate has dropped, windows with rows have columns that those without do not need.
            rows = [pl.concat([*rows, blanks], how="diagonal").sort(TIME, "_id")] if blanks is not None else rows
        self._state.expire(watermark)
        self._undecided.forget(watermark)
        if self._past is not None:
            self._past.forget(watermark - self._node.retain)
        self._closed = max(self._closed, watermark)
        return [*(Batch(self._marked(frame)) for frame in rows if frame.height), *self._said_again(watermark)]

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """Windows for whose time all peers have accounted by now are said once more, with all their rows."""
        self._certain = certain
        groups, blank = self._undecided.due(certain)
        stamp = [pl.lit(self._closed, pl.Int64).alias(ARRIVAL_WATERMARK), pl.lit(value=False).alias(UNDECIDED)]
        rows = []
        if groups is not None:
            rows.append(self._restated(groups.with_columns(stamp[0])).with_columns(stamp[1]))
        if blank is not None:
            again = blank.select(START, END, *self._node.keys)
            rows.append(self._rows.blanks(again).with_columns(pl.lit(1, pl.Int64).alias(REVISION), *stamp))
        for windows in (groups, blank):
            if windows is not None and self._restate is not None:
                self._restate.take(windows)
        frame = pl.concat(rows, how="diagonal").sort(TIME, "_id") if rows else None
        return () if frame is None or not frame.height else (Batch(frame, late=True),)

    def next_due(self) -> int | None:
        """The end of the next window that holds data, or that a known key needs a row for."""
        due = [self._next_data_end()]
        if self._fill is not None and self._grid is not None:
            due.append(self._fill.next_due(self._grid, self._closed))
        if self._restate is not None:
            due.append(self._restate.next_due)
        due.append(self._undecided.next_due)
        return min((d for d in due if d is not None), default=None)

    def open_until(self) -> int | None:
        """The end of the last window that holds data."""
        waiting = None if self._restate is None else self._restate.open_until
        return max((e for e in (self._state.highest_expiry, waiting) if e is not None), default=None)

    def snapshot(self) -> State:
        """The panes, the known keys, and how far windows were closed."""
        panes, known = self._state.frame(), None if self._fill is None else self._fill.frame()
        grid = [self._grid.size, self._grid.every] if isinstance(self._grid, Grid) else None
        frames = {"panes": panes, "known": known, **({} if self._restate is None else self._restate.frames())}
        frames |= {**self._undecided.frames(), **({} if self._past is None else self._past.frames())}
        return State(
            {
                "closed": self._closed,
                "certain": self._certain,
                "late": self._late,
                "mixed": [self._mixed_groups, self._told],
                "grid": grid,
            },
            {name: frame for name, frame in frames.items() if frame is not None},
        )

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._closed, self._late = state.values["closed"], state.values["late"]
        self._certain = state.values["certain"]
        self._undecided.restore(state.frames)
        self._mixed_groups, self._told = state.values.get("mixed", (0, 0))
        if state.values["grid"]:
            self._grid = Grid(*state.values["grid"])
        if "panes" in state.frames:
            self._state.restore(state.frames["panes"])
        if "known" in state.frames and self._fill is not None:
            self._fill.restore(state.frames["known"])
        if self._restate is not None:
            self._restate.restore(state.frames)
        if self._past is not None:
            self._past.restore(state.frames)

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows × windows missed; `groups`: partial rows held; `keys`, `said`: held to fill and restate.

        `mixed`: rows whose series came from several instances at once.
        """
        keys = {} if self._fill is None else {"keys": self._fill.keys}
        said = {} if self._restate is None else {"said": self._restate.rows}
        mixed = {} if self._mixed is None else {"mixed": self._mixed_groups}
        return {"late": self._late, "groups": self._state.rows, **keys, **said, **mixed}

    def notices(self) -> Iterable[Notice]:
        """That samples of one series came from several instances at once, in how many rows since the last word."""
        if self._mixed_groups > self._told:
            yield Mixed(self._node.block, self._mixed_groups - self._told, self._closed)
            self._told = self._mixed_groups

    def _said(self, groups: pl.DataFrame) -> pl.DataFrame:
        if self._mixed is not None:
            self._mixed_groups += int(groups.select(self._mixed).item())
        self._keep(groups)
        again = self._restate is not None or self._certain < ENDED
        sums = None if self._past is None else self._past.of(groups, again=again)
        return self._rows.finished(groups, sums=sums)

    def _keep(self, groups: pl.DataFrame) -> None:
        """Remember windows that are being said, as far as they may be said again."""
        if self._certain < ENDED:
            self._undecided.keep(groups, self._certain)
            groups = groups.filter(pl.col(END) <= self._certain)
        if self._restate is not None and groups.height:
            self._restate.keep(groups)

    def _marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of windows that end behind what is certain are undecided."""
        unsure = self._certain < ENDED
        return frame.with_columns((self._certain <= _INSTANT).alias(UNDECIDED)) if unsure else frame

    def _said_again(self, watermark: int) -> list[Batch]:
        revised = None if self._restate is None else self._restate.due(watermark)
        return [] if revised is None else [Batch(self._restated(revised), late=True)]

    def _restated(self, groups: pl.DataFrame) -> pl.DataFrame:
        return self._rows.restated(groups, None if self._past is None else self._past.once_more(groups))

    def _by_pane(self, frame: pl.DataFrame) -> list[Piece] | None:
        """Rows in the order of time and in few panes, by pane; None for all others.

        A piece is grouped by its keys alone, without a column that says where it belongs: the usual case.
        """
        if self._carried or self._grid is None:
            return None
        times = instants(frame)
        lowest = self._grid.pane_start(int(times.min()))  # type: ignore[arg-type]
        highest = self._grid.pane_start(int(times.max()))  # type: ignore[arg-type]
        if self._grid.first_end(lowest) <= self._closed:
            return None
        starts = [lowest] if lowest == highest else self._grid.panes(lowest, highest, _FEW)
        if starts is None or (len(starts) > 1 and not times.is_sorted()):
            return None
        cuts = [0, *np.searchsorted(times.to_numpy(), starts[1:]).tolist(), frame.height]
        pieces = [
            Piece(start, self._grid.last_end(start), begin, end)
            for start, begin, end in zip(starts, cuts[:-1], cuts[1:], strict=True)
        ]
        # Where windows have gaps between them, rows may belong to none.
        return [piece for piece in pieces if piece.begin < piece.end and piece.expires > piece.start]

    def _pane_rows(self, piece: Piece, frame: pl.DataFrame) -> pl.DataFrame:
        """Partial rows of one pane."""
        places = {START: piece.start, EXPIRES: piece.expires, AFTER: BEGINNING}
        return self._partials.of(frame[piece.begin : piece.end], self._node.keys, places)

    def _placed(self, frame: pl.DataFrame, *, late: bool) -> tuple[pl.DataFrame, bool]:
        """The frame with `_start` (and `_expires` where rows carry it), and whether windows may have been missed."""
        if self._carried or self._grid is None:
            start, end = pl.col(WINDOW_START).to_physical().alias(START), (_INSTANT + 1).alias(EXPIRES)
            frame = frame.with_columns(start, end)
            return frame, late or int(frame[EXPIRES].min()) <= self._closed  # type: ignore[arg-type]
        frame = frame.with_columns(self._grid.pane_of(_INSTANT).alias(START))
        lowest = int(frame[START].min())  # type: ignore[arg-type]
        return frame, late or self._grid.first_end(lowest) <= self._closed

    def _still_open(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that some open window still takes, with `_after`; windows that are missed are counted."""
        bound = pl.lit(self._closed, pl.Int64)
        if ARRIVAL_WATERMARK in frame.columns:
            bound = pl.max_horizontal(pl.col(ARRIVAL_WATERMARK), bound)
        if self._carried or self._grid is None:
            missed = (pl.col(EXPIRES) <= bound).cast(pl.Int64)
            last_end, after = pl.col(EXPIRES), pl.lit(BEGINNING, pl.Int64)
        else:
            missed = self._grid.missed(pl.col(START), bound)
            last_end = self._grid.last_end(pl.col(START))
            after = (
                pl.when(missed > 0)
                .then(self._grid.end_of(self._grid.closed_by(bound)))
                .otherwise(pl.lit(BEGINNING, pl.Int64))
            )
        if self._certain < ENDED:
            self._late += self._come_back(frame, bound)
        elif self._restate is not None and self._grid is not None:
            self._late += self._wait(self._restate, self._grid.ended(frame, bound), bound)
        else:
            self._late += int(frame.select(missed.sum()).item())
        return frame.with_columns(after.alias(AFTER)).filter(last_end > bound)

    def _come_back(self, frame: pl.DataFrame, bound: pl.Expr) -> int:
        """Let rows of windows that closed without their peer wait for it; how many others are too late."""
        if self._carried or self._grid is None:
            ended = frame.with_columns(pl.col(EXPIRES).alias(END)).filter(pl.col(END) <= bound)
        else:
            ended = self._grid.ended(frame, bound)
        kept = (pl.col(END) > self._certain) & (pl.col(END) > self._closed - self._node.retain)
        mine, others = ended.filter(kept), ended.filter(~kept)
        if mine.height:
            final = self._node.role == "final"
            by = [START, END, *self._node.keys]
            self._undecided.wait(self._merged_late(mine, by) if final else self._partials.of(mine, by))
        if self._restate is not None and others.height:
            return self._wait(self._restate, others, bound)
        return others.height

    def _wait(self, restate: Restatements, rows: pl.DataFrame, bound: pl.Expr) -> int:
        """Let late rows wait for the windows that they missed; how many are too late even for that."""
        kept = rows.filter(pl.col(END) > bound - self._node.retain).with_columns(bound.alias(ARRIVAL_WATERMARK))
        if kept.height:
            restate.wait(kept)
        return rows.height - kept.height

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        places = [c for c in (START, EXPIRES, AFTER) if c in frame.columns]
        constant: dict[str, int] = {c: frame[c][0] for c in places if frame[c].min() == frame[c].max()}
        by = [c for c in places if c not in constant]
        return self._completed(self._partials.of(frame, [*by, *self._node.keys], constant))

    def _completed(self, partials: pl.DataFrame) -> pl.DataFrame:
        if AFTER not in partials.columns:
            partials = partials.with_columns(pl.lit(BEGINNING, pl.Int64).alias(AFTER))
        if EXPIRES in partials.columns or self._grid is None:
            return partials
        expires = self._grid.last_end(pl.col(START)).alias(EXPIRES)
        # Where windows have gaps between them, a row may belong to none.
        return partials.with_columns(expires).filter(pl.col(EXPIRES) > pl.col(START))

    def _merged_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        return self._completed(frame).with_columns(weight_units(pl.col(SEEN)).alias(SEEN))

    def _merged_late(self, frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
        rows = frame.with_columns(weight_units(pl.col(SEEN)).alias(SEEN))
        return grouped(rows, by, merge_exprs(self._node.aggregates))

    def _learn(self, partials: pl.DataFrame) -> None:
        """Without a stated size, rows of `same` show how long their windows are; one follows the other."""
        if self._fill is not None and self._grid is None:
            size = int(partials[EXPIRES][0]) - int(partials[START][0])
            self._grid = Grid(size, size)

    def _due(self, watermark: int) -> pl.DataFrame | None:
        """Partial rows of the windows that close, one a key."""
        if not self._state.rows:
            return None
        if self._carried or self._grid is None or self._grid.is_tumbling:
            parts, whole = self._state.expiring_by(watermark)
            groups = [self._rows.merged(_ending(parts))] if parts is not None else []
            groups += [_ending(whole)] if whole is not None else []
            return self._rows.together(groups) if groups else None
        panes = self._state.starting_before(watermark)
        if panes is None or not panes.height:
            return None
        due = self._grid.windows(panes, self._closed, watermark)
        return self._rows.merged(due) if due.height else None

    def _filled(self, panes: pl.DataFrame | None, watermark: int, *, end: bool) -> pl.DataFrame | None:
        assert self._fill is not None
        assert self._grid is not None
        until = watermark
        if end:
            held = [] if panes is None else [int(panes[END].max())]  # type: ignore[arg-type]
            until = min(until, max([*held, self._fill.latest or BEGINNING]))
        missing = self._fill.missing(panes, self._grid, self._closed, until)
        if missing is not None:
            self._keep(missing)
        return None if missing is None else self._rows.blanks(missing)

    def _next_data_end(self) -> int | None:
        if self._carried or self._grid is None or self._grid.is_tumbling:
            return self._state.lowest_expiry
        if self._state.lowest_start is None:
            return None
        return max(self._grid.first_end(self._state.lowest_start), self._grid.end_after(self._closed))


def _ending(panes: pl.DataFrame) -> pl.DataFrame:
    """With `_end`; by columns, since a query would cost as much as merging some hundred rows."""
    return panes.hstack([panes[EXPIRES].alias(END)])
