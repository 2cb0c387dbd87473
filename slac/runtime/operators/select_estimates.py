"""Selecting from rows that are estimates: what may pass does, and says so; bounds go with the columns."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from slac.plan.expressions import AnyExpr
from slac.plan.intervals.bounds import between
from slac.plan.intervals.columns import Steps, known_of
from slac.plan.intervals.of import bounds_of
from slac.plan.lowering import lower
from slac.plan.nodes import SelectNode
from slac.plan.subexpressions import columns_in
from slac.runtime.operators.estimated_rows import without_bounds
from slac.stream.batch import BOUNDS, REVISION, UNDECIDED, meta_columns
from slac.stream.types import AnyType, to_polars


@dataclass(frozen=True, slots=True)
class _Work:
    """Whether a row certainly passes, and whether it possibly does; columns with what they need, then `_bounds`."""

    passes: tuple[pl.Expr, pl.Expr] | None
    columns: list[pl.Expr] | None
    bounds: list[pl.Expr]
    names: list[str]


class EstimatedSelection:
    """What `SelectOperator` does with `where` and `columns`, for rows with `_bounds`.

    A row of which it is open whether it passes is kept, with `_undecided`.
    """

    def __init__(self, node: SelectNode) -> None:
        self._node = node
        asked = [*([] if node.where is None else [node.where]), *(c.expr for c in node.columns or ())]
        self._types: dict[str, AnyType] = {c.name: c.dtype for one in asked for c in columns_in(one)}
        self._known: dict[tuple[str, ...], _Work] = {}

    def of(self, frame: pl.DataFrame, *, again: bool) -> pl.DataFrame:
        """The rows that pass, or may; `again`: what is said again and passes no more is withdrawn."""
        work = self._work(frame)
        if work.passes is not None:
            frame = _passing(frame, *work.passes, again=again)
        if work.columns is None or not frame.height:
            return frame
        open_rows = pl.lit(value=False) if UNDECIDED not in frame.columns else pl.col(UNDECIDED).fill_null(value=False)
        doubt = (open_rows & pl.col(BOUNDS).is_not_null()).alias("_open")
        meta = [name for name in meta_columns(frame) if name != BOUNDS]
        made = frame.select(*meta, doubt, *work.columns).with_columns(work.bounds)
        return without_bounds(made.select(*meta, BOUNDS, *work.names))

    def _work(self, frame: pl.DataFrame) -> _Work:
        fields = tuple(f.name for f in frame.schema[BOUNDS].fields)  # type: ignore[attr-defined]
        if fields not in self._known:
            self._known[fields] = self._made(frame)
        return self._known[fields]

    def _made(self, frame: pl.DataFrame) -> _Work:
        known = known_of(frame, self._types)
        where, passes = self._node.where, None
        if where is not None:
            bounds = between(where, bounds_of(where, known))
            passes = _lowered(bounds.low), _lowered(bounds.high)
        if self._node.columns is None:
            return _Work(passes, None, [], [])
        steps = Steps(known)
        columns = [lower(c.expr).cast(to_polars(c.expr.dtype)).alias(c.name) for c in self._node.columns]
        columns += steps.step(self._node.columns)
        bound = steps.together({c.name: c.expr.dtype for c in self._node.columns}, pl.col("_open"))
        assert bound is not None
        return _Work(passes, columns, [bound], [c.name for c in self._node.columns])


def _lowered(condition: AnyExpr) -> pl.Expr:
    return lower(condition).fill_null(value=False)


def _passing(frame: pl.DataFrame, certain: pl.Expr, possible: pl.Expr, *, again: bool) -> pl.DataFrame:
    before = [pl.col(UNDECIDED).fill_null(value=False)] if UNDECIDED in frame.columns else []
    doubt = pl.any_horizontal(possible & ~certain, *before).alias(UNDECIDED)
    rows = frame.with_columns(doubt, possible.alias("_passes"))
    passes = pl.col("_passes")
    if again:
        number = pl.col(REVISION)
        withdrawn = pl.when(passes | number.is_null()).then(number).otherwise(-number.abs()).alias(REVISION)
        rows = rows.with_columns(withdrawn).filter(passes | (number.fill_null(0) != 0))
    else:
        rows = rows.filter(passes)
    rows = rows.drop("_passes")
    return rows if before or rows[UNDECIDED].any() else rows.drop(UNDECIDED)
