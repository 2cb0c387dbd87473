"""What a window that gives a row for each row says: values of the aggregates, `project` and `then`, time and id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.aggregates import final_exprs
from slac.plan.aggregation.family import part
from slac.plan.estimates.calls import began
from slac.plan.estimates.missed import Missed
from slac.plan.lowering import lower
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.operator import Lacks
from slac.runtime.operators.estimated_rows import estimated_rows, without_bounds
from slac.stream.batch import ID, KEPT, SEEN, TIME, TIME_TYPE, WINDOW_START
from slac.stream.framing import column_of, frame_of
from slac.stream.ids import Ids, hash_further, hash_text, row_ids

_AS_WRITTEN: Final = pl.QueryOptFlags.none()


class RowResults:
    """Makes the rows of one `running` or `sliding` node."""

    def __init__(self, node: WindowNode, document: str, lacks: Lacks | None = None) -> None:
        self._node, self._document, self._lacks = node, document, lacks
        self.salt = hash_text(document, node.block)
        self._final = final_exprs(node.aggregates)
        self._steps = [[lower(p.expr).alias(p.name) for p in node.project]]
        self._steps += [[lower(t.expr).alias(t.name)] for t in node.then]
        self._estimates = estimated_rows(node)
        if self._estimates is not None:
            self._final, self._steps = self._estimates.finals, [self._estimates.project, *self._estimates.then]
        self._names = _renamed(node)
        self._columns = [pl.col(n).cast(t) for n, t in node.schema.polars().items()]

    def of(self, rows: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
        """One row for each of `rows` (`_at`, `_id`, keys), in the order of (`_time`, `_id`).

        `groups`: one partial row a key and instant (`_at`, keys, parts), of all that counts for it.
        """
        keys = list(self._node.keys)
        if self._estimates is not None:
            groups = self._estimates.columns.of(groups, missed=self._missed(groups))
        values = groups.select(AT, *keys, *self._final)
        frame = rows.select(AT, ID, *keys).join(values, on=[AT, *keys], nulls_equal=True, maintain_order="left")
        frame = frame.with_columns(row_ids(frame, self._document, self._node.block, (*keys, ID)))
        return self._finished(frame.lazy()).sort(TIME, ID)

    def _missed(self, groups: pl.DataFrame) -> Missed | None:
        if self._lacks is None or not self._lacks.has_any:
            return None
        # What was dropped ahead of the first row would have kept the key going if it was no further from it.
        begins = groups[part(began(), "value")].cast(pl.Int64).to_numpy() - self._node.retain
        return self._lacks.between(begins, groups[AT].to_numpy())

    def ids_by(self, rows: pl.DataFrame, keys: Ids) -> Ids:
        """The id of the row that each of `rows` gives, from the hash of its key (by `salt`)."""
        return hash_further(keys, [rows[ID]])

    def beside(self, rows: pl.DataFrame, ids: Ids, values: Sequence[pl.Series]) -> pl.DataFrame:
        """One row for each of `rows` (`_at`, keys) with its id, `_seen`, `_kept` and the values of the aggregates."""
        keys = [rows[name] for name in self._node.keys]
        if self._names is None:
            return self._finished(pl.DataFrame([rows[AT], *keys, pl.Series(ID, ids), *values]).lazy())
        at = rows[AT]
        meta = [at.cast(TIME_TYPE).alias(TIME), column_of(ID, ids)]
        if self._node.window.kind == "sliding":
            meta.append(pl.Series(WINDOW_START, at.to_numpy() - (self._node.window.size - 1)).cast(TIME_TYPE))
        found = {column.name: column for column in (*keys, *values, *meta)}
        found |= {name: found[of].alias(name) for name, of in self._names.items()}
        said = [_typed(found[name], dtype) for name, dtype in self._node.schema.polars().items()]
        return frame_of([*meta, found[SEEN], found[KEPT], *said])

    def _finished(self, rows: pl.LazyFrame) -> pl.DataFrame:
        meta = [pl.col(AT).cast(TIME_TYPE).alias(TIME), pl.col(ID)]
        if self._node.window.kind == "sliding":
            meta.append((pl.col(AT) - self._node.window.size + 1).cast(TIME_TYPE).alias(WINDOW_START))
        rows = rows.with_columns(*meta)
        for step in self._steps:
            rows = rows.with_columns(step)
        names = [e.meta.output_name() for e in meta]
        bounds = [] if self._estimates is None else self._estimates.bounds
        made = rows.select(*names, SEEN, KEPT, *bounds, *self._columns).collect(optimizations=_AS_WRITTEN)
        return without_bounds(made) if bounds else made


def _renamed(node: WindowNode) -> dict[str, str] | None:
    """What each value of `project` is called before, where nothing is calculated: then no query is needed."""
    exprs = {p.name: lower(p.expr) for p in node.project}
    if node.then or not all(expr.meta.is_column() for expr in exprs.values()):
        return None
    return {name: expr.meta.output_name() for name, expr in exprs.items()}


def _typed(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return column if column.dtype == dtype else column.cast(dtype)
