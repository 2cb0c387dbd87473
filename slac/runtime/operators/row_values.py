"""Columns of what a window says, for rows in any order: without ids, and only those that somebody reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from slac.plan.lowering import lower
from slac.plan.nodes import WindowNode
from slac.stream.batch import KEPT, SEEN, TIME

_AS_WRITTEN: Final = pl.QueryOptFlags.none()


class RowValues:
    """The columns `names` of a node's rows, from keys, time and the values of its aggregates."""

    def __init__(self, node: WindowNode, names: Sequence[str]) -> None:
        types = node.schema.polars()
        self._names = list(names)
        self._columns = [pl.col(n).cast(types[n]) for n in names]
        self._types = types
        self._steps = [[lower(p.expr).alias(p.name) for p in node.project]]
        self._steps += [[lower(t.expr).alias(t.name)] for t in node.then]
        self._given = {TIME, SEEN, KEPT, *node.keys, *(call.name for call in node.aggregates)}
        roots = {root for step in self._steps for one in step for root in one.meta.root_names()}
        self._beside = [name for name in (TIME, *node.keys) if name in {*roots, *names}]
        self._renamed = self._renaming()

    @property
    def is_known(self) -> bool:
        """Whether these columns are made of nothing else, so that rows of one key and instant have the same values."""
        known = set(self._given)
        for step in self._steps:
            if not {root for one in step for root in one.meta.root_names()} <= known:
                return False
            known |= {one.meta.output_name() for one in step}
        return True

    def of(self, values: Sequence[pl.Series], column: Callable[[str], pl.Series]) -> list[pl.Series]:
        """From the values of `_seen`, `_kept` and the aggregates; `column` gives a key or `_time` of the same rows."""
        found = {one.name: one for one in values} | {name: column(name) for name in self._beside}
        if self._renamed is not None:
            return [_typed(found[of], self._types[name]).alias(name) for name, of in self._renamed.items()]
        rows = pl.DataFrame(list(found.values())).lazy()
        for step in self._steps:
            rows = rows.with_columns(step)
        return rows.select(self._columns).collect(optimizations=_AS_WRITTEN).get_columns()

    def _renaming(self) -> dict[str, str] | None:
        """What each column is called before, where nothing is calculated: then no query is needed."""
        first, *others = self._steps
        exprs = {one.meta.output_name(): one for one in first}
        if others or not all(exprs[n].meta.undo_aliases().meta.is_column() for n in self._names if n in exprs):
            return None
        return {n: exprs[n].meta.root_names()[0] if n in exprs else n for n in self._names}


def _typed(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return column if column.dtype == dtype else column.cast(dtype)
