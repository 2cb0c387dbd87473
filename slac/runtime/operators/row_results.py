"""What a window that gives a row for each row says: values of the aggregates, `project` and `then`, time and id."""

from __future__ import annotations

import polars as pl

from slac.plan.aggregates import final_exprs
from slac.plan.lowering import lower
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.stream.batch import ID, KEPT, SEEN, TIME, TIME_TYPE, WINDOW_START
from slac.stream.ids import row_ids


class RowResults:
    """Makes the rows of one `running` or `sliding` node."""

    def __init__(self, node: WindowNode, document: str) -> None:
        self._node, self._document = node, document
        self._final = final_exprs(node.aggregates)
        self._steps = [[lower(p.expr).alias(p.name) for p in node.project]]
        self._steps += [[lower(t.expr).alias(t.name)] for t in node.then]
        self._columns = [pl.col(n).cast(t) for n, t in node.schema.polars().items()]

    def of(self, rows: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
        """One row for each of `rows` (`_at`, `_id`, keys), in the order of (`_time`, `_id`).

        `groups`: one partial row a key and instant (`_at`, keys, parts), of all that counts for it.
        """
        keys, sliding = list(self._node.keys), self._node.window.kind == "sliding"
        values = groups.select(AT, *keys, *self._final)
        frame = rows.select(AT, ID, *keys).join(values, on=[AT, *keys], nulls_equal=True, maintain_order="left")
        frame = frame.with_columns(pl.col(AT).cast(TIME_TYPE).alias(TIME))
        if sliding:
            start = (pl.col(AT) - self._node.window.size + 1).cast(TIME_TYPE)
            frame = frame.with_columns(start.alias(WINDOW_START))
        frame = frame.with_columns(row_ids(frame, self._document, self._node.block, (*keys, ID)))
        for step in self._steps:
            frame = frame.with_columns(step)
        meta = [TIME, ID, *([WINDOW_START] if sliding else []), SEEN, KEPT]
        return frame.select(*meta, *self._columns).sort(TIME, ID)
