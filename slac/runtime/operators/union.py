"""Rows of several blocks as one stream, each with its block's place in the total order."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from slac.plan.intervals.columns import bounds_like
from slac.plan.nodes import UnionNode
from slac.runtime.operator import Operator, OperatorContext
from slac.stream.batch import BOUNDS, DEPTH, META, Batch


class UnionOperator(Operator):
    """Passes on the columns that all inputs share, and adds `_depth` (UInt16) per port. Holds no state.

    Rows out: meta columns in the order of `META`, as far as the row's stream has them, then the node's schema.
    """

    def __init__(self, node: UnionNode, context: OperatorContext) -> None:
        self._depths = [pl.lit(depth, pl.UInt16).alias(DEPTH) for depth in node.depths]
        self._types = {f.name: f.dtype for f in node.schema.fields}
        self._columns = [pl.col(name).cast(dtype) for name, dtype in node.schema.polars().items()]

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """The rows with their depth; an earlier union's depth is that of another place and is replaced."""
        frame = batch.frame.with_columns(self._depths[port])
        if BOUNDS in frame.columns:
            # Every stream knows of other columns, and rows of all of them stand in one column.
            frame = frame.with_columns(bounds_like(frame, self._types))
        meta = [pl.col(name) for name in META if name in frame.columns]
        return (Batch(frame.select([*meta, *self._columns]), late=batch.late),)
