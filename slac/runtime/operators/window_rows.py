"""What a closed window says: values of the aggregates, `project` and `then`, time and id."""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.plan.aggregates import empty_exprs, final_exprs, merged, part_columns
from slac.plan.expressions import AggregateCall, Column, NamedExpr
from slac.plan.lowering import columns_of, lower
from slac.plan.nodes import WindowNode
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.stream.batch import ARRIVAL_WATERMARK, ID, KEPT, REVISION, SEEN, TIME, TIME_TYPE, WINDOW_START
from slac.stream.ids import row_ids
from slac.stream.sums import from_weight_units
from slac.stream.types import to_polars

_AS_WRITTEN: Final = pl.QueryOptFlags.none()
META_OUT: Final = (TIME, ID, WINDOW_START, SEEN, KEPT)


class WindowRows:
    """Makes the rows of one window node from partial rows that carry `_start` and `_end` (Int64 µs)."""

    def __init__(self, node: WindowNode, document: str) -> None:
        self._node = node
        self._document = document
        self._by = [START, END, *node.keys]
        # What ends a session may still change; where it begins is what it is known by.
        self._identity = (WINDOW_START,) if node.window.kind == "session" else (WINDOW_START, TIME)
        self._project = [_named(p) for p in node.project]
        self._then = [_named(t) for t in node.then]
        self._final = final_exprs(node.aggregates)
        blank = [_blank(p, node.aggregates) for p in node.project]
        self._blank_project = [*blank, *(_null(t) for t in node.then)]
        self._columns = [pl.col(n).cast(t) for n, t in node.schema.polars().items()]

    def values(self, panes: pl.DataFrame) -> pl.DataFrame:
        """Finished rows, one a key and window, in the order of (`_time`, `_id`)."""
        return self.finished(self.merged(panes))

    def merged(self, panes: pl.DataFrame) -> pl.DataFrame:
        """Partial rows, one a key and window."""
        return merged(panes, self._by, self._node.aggregates)

    def restated(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Finished rows of windows that are said again: with `_revision` and `_wm`, in the order of all three."""
        return self.finished(groups, (REVISION, ARRIVAL_WATERMARK)).sort(TIME, ID, REVISION)

    def finished(self, groups: pl.DataFrame, more: tuple[str, ...] = ()) -> pl.DataFrame:
        """Finished rows of partial rows, one a key and window (and revision); `more` are further meta columns."""
        if self._node.role in {"partial", "merged"}:
            parts = pl.col(part_columns(self._node.aggregates))
            frame = self._stamped(groups, [from_weight_units(pl.col(SEEN)).alias(SEEN), pl.col(KEPT), parts])
            return frame.select(*META_OUT, *self._node.keys, parts).sort(TIME, ID)
        rows = self._stamped(groups, [*self._final, *map(pl.col, more)]).lazy().with_columns(self._project)
        for column in self._then:
            rows = rows.with_columns(column)
        # Mostly one window closes: a sort by one column is several times as fast as one by two.
        is_one = groups[END].min() == groups[END].max()
        order = [ID] if is_one else [TIME, ID]
        return rows.select(*META_OUT, *more, *self._columns).sort(order).collect(optimizations=_AS_WRITTEN)

    def blanks(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Finished rows of windows in which a key had no rows: COUNTs are 0, all else that was computed is NULL."""
        frame = self._stamped(groups, empty_exprs(self._node.aggregates)).with_columns(self._blank_project)
        return frame.select(*META_OUT, *self._columns)

    def _stamped(self, groups: pl.DataFrame, values: list[pl.Expr]) -> pl.DataFrame:
        frame = groups.select(
            (pl.col(END) - 1).cast(TIME_TYPE).alias(TIME),
            pl.col(START).cast(TIME_TYPE).alias(WINDOW_START),
            *self._node.keys,
            *values,
        )
        return frame.with_columns(row_ids(frame, self._document, self._node.block, (*self._node.keys, *self._identity)))


def _named(column: NamedExpr) -> pl.Expr:
    return lower(column.expr).alias(column.name)


def _null(column: NamedExpr) -> pl.Expr:
    return pl.lit(None, to_polars(column.expr.dtype)).alias(column.name)


def _blank(column: NamedExpr, calls: tuple[AggregateCall, ...]) -> pl.Expr:
    """A COUNT by itself is 0, what needs no aggregate is what it is, and nothing else is known."""
    of_aggregates = columns_of(column.expr) & {c.name for c in calls}
    if not of_aggregates or isinstance(column.expr, Column):
        return _named(column)
    return _null(column)
