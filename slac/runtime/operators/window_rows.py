"""What a closed window says: values of the aggregates, `project` and `then`, time and id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import empty_exprs, merged, part_columns
from slac.plan.estimates.columns import EstimatedColumns
from slac.plan.estimates.values import Sums
from slac.plan.expressions import AggregateCall, Column, NamedExpr
from slac.plan.lowering import columns_of, lower
from slac.plan.nodes import WindowNode
from slac.runtime.operators.estimated_rows import EstimatedRows, estimated_rows, without_bounds
from slac.runtime.operators.pane_state import START
from slac.runtime.operators.window_grid import END
from slac.runtime.operators.window_values import WindowValues, narrowed
from slac.stream.batch import ARRIVAL_WATERMARK, ID, KEPT, REVISION, SEEN, TIME, TIME_TYPE, WINDOW_START
from slac.stream.ids import Ids, hash_further, hash_hashed, hash_text, hash_values
from slac.stream.sums import WEIGHT_SCALE, from_weight_units
from slac.stream.types import to_polars

_AS_WRITTEN: Final = pl.QueryOptFlags.none()
META_OUT: Final = (TIME, ID, WINDOW_START, SEEN, KEPT)


class WindowRows:
    """Makes the rows of one window node from partial rows that carry `_start` and `_end` (Int64 µs)."""

    def __init__(self, node: WindowNode, document: str) -> None:
        self._node = node
        self._document = document
        self._salt = hash_text(document, node.block)
        self._is_partial = node.role in {"partial", "merged"}
        # What ends a session may still change; where it begins is what it is known by.
        self._identity = (WINDOW_START,) if node.window.kind == "session" else (WINDOW_START, TIME)
        self._values = WindowValues(node)
        self._estimates = estimated_rows(node)
        self._parts = part_columns(node.aggregates)
        blank = [_blank(p, node.aggregates) for p in node.project]
        self._blank_project = [*blank, *(_null(t) for t in node.then)]
        self._types = node.schema.polars()
        self._columns = [pl.col(n).cast(t) for n, t in self._types.items()]

    def values(self, panes: pl.DataFrame) -> pl.DataFrame:
        """Finished rows, one a key and window, in the order of (`_time`, `_id`)."""
        return self.finished(self.merged(panes))

    def merged(self, panes: pl.DataFrame) -> pl.DataFrame:
        """Partial rows, one a key and window."""
        places = {name: panes[name] for name in (START, END)}
        if not panes.height or any(place.min() != place.max() for place in places.values()):
            return merged(panes, [*places, *self._node.keys], self._node.aggregates)
        # Mostly one window closes, and then its keys alone tell the groups.
        groups = merged(panes, self._node.keys, self._node.aggregates)
        return groups.hstack([place.head(1).new_from_index(0, groups.height) for place in places.values()])

    def together(self, groups: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """Partial rows of different windows that are one a key and window each, with whatever else beside."""
        if len(groups) == 1:
            return groups[0]
        return pl.concat([one[[START, END, *self._node.keys, *self._parts, KEPT, SEEN]] for one in groups])

    @property
    def estimates(self) -> EstimatedColumns | None:
        """What makes the values where they are estimates."""
        return None if self._estimates is None else self._estimates.columns

    def restated(self, groups: pl.DataFrame, sums: Sums | None = None) -> pl.DataFrame:
        """Finished rows of windows that are said again: with `_revision` and `_wm`, in the order of all three."""
        return self.finished(groups, (REVISION, ARRIVAL_WATERMARK), sums).sort(TIME, ID, REVISION)

    def finished(self, groups: pl.DataFrame, more: tuple[str, ...] = (), sums: Sums | None = None) -> pl.DataFrame:
        """Finished rows of partial rows, one a key and window (and revision); `more` are further meta columns.

        `sums`: the rows as numbers, with what is known from windows before, where these are estimates.
        """
        found = self._meta(groups)
        if self._estimates is not None:
            return _ordered(self._estimated(self._estimates, groups, sums, found, more))
        if self._is_partial:
            said = {name: groups[name] for name in (*self._node.keys, *self._parts)}
        else:
            found.update({name: groups[name] for name in (*self._node.keys, *more)})
            values = self._values.of(groups, dict(found))
            said = {name: _typed(values[name], dtype).alias(name) for name, dtype in self._types.items()}
        rows = pl.DataFrame([*(found[name] for name in (*META_OUT, *more)), *said.values()])
        return _ordered(rows)

    def _estimated(
        self,
        estimates: EstimatedRows,
        groups: pl.DataFrame,
        sums: Sums | None,
        found: Mapping[str, pl.Series],
        more: tuple[str, ...],
    ) -> pl.DataFrame:
        """The rows with what is known of their bounds; `found`: their meta columns."""
        values = estimates.columns.of(groups, sums).select(*self._node.keys, *estimates.finals, *more)
        beside = values.drop(SEEN, KEPT).hstack([found[name] for name in META_OUT])
        rows = beside.lazy().with_columns(estimates.project)
        for columns in estimates.then:
            rows = rows.with_columns(columns)
        made = rows.select(*META_OUT, *estimates.bounds, *more, *self._columns).collect(optimizations=_AS_WRITTEN)
        return without_bounds(made) if estimates.bounds else made

    def blanks(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Finished rows of windows in which a key had no rows: COUNTs are 0, all else that was computed is NULL."""
        frame = groups.select(
            (pl.col(END) - 1).cast(TIME_TYPE).alias(TIME),
            pl.col(START).cast(TIME_TYPE).alias(WINDOW_START),
            *self._node.keys,
            *empty_exprs(self._node.aggregates),
        )
        frame = frame.with_columns(pl.Series(ID, self._ids(frame.height, frame.get_column)), *self._blank_project)
        return frame.select(*META_OUT, *self._columns)

    def _meta(self, groups: pl.DataFrame) -> dict[str, pl.Series]:
        """The columns of `META_OUT`."""
        found = {
            TIME: (groups[END] - 1).cast(TIME_TYPE).alias(TIME),
            WINDOW_START: groups[START].cast(TIME_TYPE).alias(WINDOW_START),
            SEEN: _seen(groups[SEEN]),
            KEPT: groups[KEPT],
        }
        of_window = {TIME: found[TIME], WINDOW_START: found[WINDOW_START]}
        found[ID] = pl.Series(ID, self._ids(groups.height, lambda n: of_window[n] if n in of_window else groups[n]))
        return found

    def _ids(self, rows: int, column: Callable[[str], pl.Series]) -> Ids:
        """What `window_ids` gives; what is the same in all rows is hashed once."""
        keys = hash_hashed(rows, (hash_values(column(name)) for name in self._node.keys), self._salt)
        places = map(column, self._identity)
        return hash_further(keys, [p.head(1) if rows and p.min() == p.max() else p for p in places])


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """By (`_time`, `_id`)."""
    times, ids = rows[TIME].cast(pl.Int64).to_numpy(), rows[ID].to_numpy()
    is_one = not len(times) or times.min() == times.max()
    order = np.argsort(ids, kind="stable") if is_one else np.lexsort((ids, times))
    return rows[pl.Series(order.astype(np.uint32))]


def _seen(total: pl.Series) -> pl.Series:
    """The number of events; what fits 64 bits needs no query."""
    narrow = narrowed(total)
    if narrow is None:
        return total.to_frame().select(from_weight_units(pl.col(SEEN))).to_series()
    return pl.Series(SEEN, narrow.to_numpy() / WEIGHT_SCALE)


def _typed(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return column if column.dtype == dtype else column.cast(dtype)


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
