"""`window: running`: each row gives the aggregates of its key since ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from slac.plan.accumulation import accumulated
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.key_log import LAST, KeyLog
from slac.runtime.operators.window_per_row import MergingOperator

_SPELL: Final = "_spell"


class RunningOperator(MergingOperator):
    """State is one partial row a key, for `retain`: a key that was silent for longer begins anew."""

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        types = node.schema.polars()
        self._log = KeyLog({k: types[k] for k in node.keys}, node.retain)

    def statistics(self) -> Mapping[str, int]:
        """Also `keys`: keys held."""
        return {**super().statistics(), "keys": len(self._log)}

    def _accumulated(self, groups: pl.DataFrame) -> pl.DataFrame:
        keys, reached = self._keys, int(groups[AT][-1])
        known = self._log.latest(groups.select(keys).unique() if keys else groups.head(1))
        if known is not None:
            groups = pl.concat([known.rename({LAST: AT}).select(self._columns), groups])
        spell = (pl.col(AT).diff() > self._node.retain).cum_sum().fill_null(0)
        groups = groups.with_columns((spell.over(keys) if keys else spell).alias(_SPELL))
        groups = accumulated(groups, [*keys, _SPELL], self._node.aggregates).select(self._columns)
        latest = groups.unique(keys, keep="last", maintain_order=True) if keys else groups.tail(1)
        self._log.replace(latest.rename({AT: LAST}), reached)
        return groups

    def _frame(self) -> pl.DataFrame | None:
        return self._log.frame()

    def _restore(self, frame: pl.DataFrame) -> None:
        self._log.restore(frame)

    def _part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        return self._log.latest(keys)

    def _exchange(self, keys: pl.DataFrame, frame: pl.DataFrame | None) -> None:
        self._log.forget(keys)
        if frame is not None:
            self._log.restore(frame)
