"""Row by row: filter, projection, new ids. Holds no state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from slac.plan.calendars import ServiceTime
from slac.plan.lowering import lower
from slac.plan.necessary import necessary
from slac.plan.nodes import SelectNode
from slac.runtime.operator import ENDED, Operator, OperatorContext
from slac.runtime.operators.select_estimates import EstimatedSelection
from slac.runtime.operators.select_few import FewRows
from slac.stream.batch import BOUNDS, REVISION, Batch, instants, meta_columns
from slac.stream.ids import reid
from slac.stream.types import to_polars

_FEW: Final = 4096
"""Up to so many rows a query costs more than they do."""
_ONE_PASS: Final = pl.QueryOptFlags.none(projection_pushdown=True)
"""Filtering copies every column that it is given, so those that nobody reads are left out; the plan needs no more."""


class SelectOperator(Operator):
    """Keeps rows where `where` is true (not NULL), then computes `columns`; meta columns pass through.

    Rows out: meta columns, then the node's schema. A late batch stays one. `few`: who works on few rows, where others
    ask the same (`select_twins`).
    """

    def __init__(self, node: SelectNode, context: OperatorContext, few: FewRows | None = None) -> None:
        self._node = node
        self._document = context.document
        self._where = None if node.where is None else lower(node.where)
        first = None if node.where is None else necessary(node.where)
        self._first = None if first is None else lower(first)
        self._few = few or FewRows(node)
        self._most = ENDED if self._few.only_names else _FEW
        self._estimates: EstimatedSelection | None = None
        self._during = None if node.during is None else ServiceTime(node.during)
        self._columns: list[pl.Expr] | None = None
        if node.columns is not None:
            types = {c.name: to_polars(c.expr.dtype) for c in node.columns}
            self._columns = [lower(c.expr).cast(types[c.name]).alias(c.name) for c in node.columns]

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """The rows that pass."""
        frame = batch.frame
        if self._during is not None:
            frame = frame.filter(pl.Series(self._during.inside(instants(frame).to_numpy())))
        again = batch.late and REVISION in frame.columns
        if BOUNDS in frame.columns:
            frame = self._estimated(frame, again=again)
        elif frame.height <= self._most and not again:
            frame = self._few.of(frame)
        else:
            frame = self._queried(frame, again=again)
        if not frame.height:
            return ()
        if self._node.reid:
            frame = reid(frame, self._document, self._node.block)
        return (Batch(frame, late=batch.late),)

    def _estimated(self, frame: pl.DataFrame, *, again: bool) -> pl.DataFrame:
        if self._estimates is None:
            self._estimates = EstimatedSelection(self._node)
        return self._estimates.of(frame, again=again)

    def _queried(self, frame: pl.DataFrame, *, again: bool) -> pl.DataFrame:
        rows = frame.lazy()
        if self._where is not None:
            first = rows if self._first is None else rows.filter(self._first)
            rows = _revised(rows, self._where) if again else first.filter(self._where)
        if self._columns is not None:
            rows = rows.select([*map(pl.col, meta_columns(frame)), *self._columns])
        return rows.collect(optimizations=_ONE_PASS)


def _revised(rows: pl.LazyFrame, where: pl.Expr) -> pl.LazyFrame:
    """Rows that pass; one that is said again and passes no more is withdrawn, because it may have passed before."""
    passes, number = where.fill_null(value=False), pl.col(REVISION)
    withdrawn = pl.when(passes | number.is_null()).then(number).otherwise(-number.abs()).alias(REVISION)
    return rows.with_columns(withdrawn).filter(passes | (number.fill_null(0) != 0))
