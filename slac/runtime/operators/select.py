"""Row by row: filter, projection, new ids. Holds no state."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from slac.plan.lowering import columns_of, lower
from slac.plan.nodes import SelectNode
from slac.runtime.operator import Operator, OperatorContext
from slac.stream.batch import Batch, meta_columns
from slac.stream.ids import reid
from slac.stream.types import to_polars


class SelectOperator(Operator):
    """Keeps rows where `where` is true (not NULL), then computes `columns`; meta columns pass through.

    Rows out: meta columns, then the node's schema. A late batch stays one.
    """

    def __init__(self, node: SelectNode, context: OperatorContext) -> None:
        self._node = node
        self._document = context.document
        self._where = None if node.where is None else lower(node.where)
        self._columns: list[pl.Expr] | None = None
        self._needed: frozenset[str] = frozenset()
        if node.columns is not None:
            types = {c.name: to_polars(c.expr.dtype) for c in node.columns}
            self._columns = [lower(c.expr).cast(types[c.name]).alias(c.name) for c in node.columns]
            self._needed = frozenset[str]().union(*(columns_of(c.expr) for c in node.columns))

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """The rows that pass."""
        frame = self._filter(batch.frame)
        if not frame.height:
            return ()
        if self._columns is not None:
            frame = frame.select([*map(pl.col, meta_columns(frame)), *self._columns])
        if self._node.reid:
            frame = reid(frame, self._document, self._node.block)
        return (Batch(frame, late=batch.late),)

    def _filter(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._where is None:
            return frame
        mask = frame.select(keep=self._where)["keep"]
        if len(mask) != frame.height:  # a constant condition
            return frame if mask[0] else frame.clear()
        if self._columns is not None:
            # Filtering copies every column it is given: leave out those that nobody reads.
            meta = meta_columns(frame)
            frame = frame.select([*meta, *(c for c in frame.columns if c in self._needed and c not in meta)])
        return frame.filter(mask)
