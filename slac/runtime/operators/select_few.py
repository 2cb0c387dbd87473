"""Selecting from few rows: each condition and column is worked out at once where it can be, without a query."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from slac.plan.at_once import AtOnce, at_once
from slac.plan.expressions import AnyExpr, Column, NamedExpr
from slac.plan.lowering import lower
from slac.plan.necessary import necessary
from slac.plan.nodes import SelectNode
from slac.runtime.operators.select_remembered import remembered
from slac.stream.batch import ID, meta_columns
from slac.stream.framing import frame_of
from slac.stream.picking import rows_where
from slac.stream.types import to_polars


class FewRows:
    """What `SelectOperator` does with `where` and `columns`, for batches whose rows cost less than a query."""

    def __init__(self, node: SelectNode) -> None:
        where = node.where
        first = None if where is None else necessary(where)
        self._cheap = None if first is None else _Condition.of(first)
        self._where = None if where is None else _Condition.of(where)
        self._columns = None if node.columns is None else [_Computed.making(one) for one in node.columns]
        self._remembered = remembered(where, node.columns)

    @property
    def only_names(self) -> bool:
        """Whether nothing is asked or calculated, only named: then no number of rows is worth a query."""
        columns = self._columns or []
        return self._where is None and all(isinstance(one.of, Column) for one in columns)

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that pass, as they are or with the columns of the node behind the meta columns."""
        if self._cheap is not None:
            frame = self._cheap.kept(frame)
        known = None if self._remembered is None or not frame.height else self._remembered.of(frame)
        if known is not None:
            return known
        if self._where is not None:
            frame = self._where.kept(frame)
        if not frame.height:
            return frame
        return frame if self._columns is None else _projected(frame, self._columns)


@dataclass(frozen=True, slots=True)
class _Condition:
    at_once: AtOnce | None
    lowered: pl.Expr

    @classmethod
    def of(cls, expr: AnyExpr) -> _Condition:
        return cls(at_once(expr), lower(expr))

    def kept(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not frame.height:
            return frame
        mask = None if self.at_once is None else self.at_once(frame)
        return frame.filter(self.lowered) if mask is None else rows_where(frame, mask)


@dataclass(frozen=True, slots=True)
class _Computed:
    of: AnyExpr
    name: str
    dtype: pl.DataType
    at_once: AtOnce | None
    lowered: pl.Expr

    @classmethod
    def making(cls, one: NamedExpr) -> _Computed:
        dtype = to_polars(one.expr.dtype)
        return cls(one.expr, one.name, dtype, at_once(one.expr), lower(one.expr).cast(dtype).alias(one.name))

    def of_rows(self, frame: pl.DataFrame) -> pl.Series | None:
        """The column; None where it takes a query."""
        found = None if self.at_once is None else self.at_once(frame)
        if found is None:
            return None
        return (found if found.dtype == self.dtype else found.cast(self.dtype)).alias(self.name)


def _projected(frame: pl.DataFrame, columns: list[_Computed]) -> pl.DataFrame:
    found = {one.name: one.of_rows(frame) for one in columns}
    lacking = [one.lowered for one in columns if found[one.name] is None]
    if lacking:
        # A constant alone would have no height.
        made = frame.select(pl.col(ID).alias(""), *lacking)
        found.update((one.name, made.get_column(one.name)) for one in columns if found[one.name] is None)
    meta = [frame.get_column(name) for name in meta_columns(frame)]
    return frame_of([*meta, *(values for values in found.values() if values is not None)])
