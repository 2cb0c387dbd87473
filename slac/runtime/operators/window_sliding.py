"""`window: sliding 60s`: each row gives the aggregates of its key over the 60s up to and including its instant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from slac.plan.aggregates import merge_exprs, merged
from slac.plan.nodes import WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.window_per_row import MergingOperator

_SMALL: Final = 4096


class SlidingOperator(MergingOperator):
    """State is a partial row for each key and instant of the last `size`.

    Of a row at t, all rows of its key in (t − size, t] count. What all windows of a batch share is merged once a key.
    """

    def __init__(self, node: WindowNode, context: OperatorContext) -> None:
        super().__init__(node, context)
        self._size = node.window.size
        self._merges = merge_exprs(node.aggregates)
        self._passed: list[pl.DataFrame] = []

    def statistics(self) -> Mapping[str, int]:
        """Also `groups`: partial rows held."""
        return {**super().statistics(), "groups": sum(f.height for f in self._passed)}

    def _accumulated(self, groups: pl.DataFrame) -> pl.DataFrame:
        now, first, last = groups, int(groups[AT][0]), int(groups[AT][-1])
        before = self._before(groups, first, last)
        self._passed = [f for f in self._passed if int(f[AT][-1]) > last - self._size]
        # Small frames become one, so that there are few to look through; what is too old in them is left out later.
        if self._passed and self._passed[-1].height + groups.height <= _SMALL:
            groups = pl.concat([self._passed.pop(), groups])
        self._passed.append(groups)
        # Windows end with a row: they are `(t − size, t]`, which is how this library closes them by default.
        rolled = pl.concat([*before, now]).rolling(
            index_column=AT, period=f"{self._size}i", group_by=self._keys or None
        )
        return rolled.agg(self._merges).filter(pl.col(AT) >= first).select(self._columns)

    def _before(self, groups: pl.DataFrame, first: int, last: int) -> list[pl.DataFrame]:
        """What counts for some of these rows, sorted: rows that only the first see, then one a key that all see."""
        passed = [f for f in self._passed if int(f[AT][-1]) > first - self._size]
        if not passed:
            return []
        held = pl.concat(passed).filter(pl.col(AT) > first - self._size)
        if self._keys:
            held = held.join(groups.select(self._keys).unique(), on=self._keys, how="semi", nulls_equal=True)
        shared = pl.col(AT) > last - self._size
        middle = merged(held.filter(shared), self._keys, self._node.aggregates)
        middle = middle.with_columns(pl.lit(last - self._size + 1, pl.Int64).alias(AT)).select(self._columns)
        return [held.filter(~shared), middle]

    def _frame(self) -> pl.DataFrame | None:
        return pl.concat(self._passed) if self._passed else None

    def _restore(self, frame: pl.DataFrame) -> None:
        self._passed = [frame]

    def _part(self, keys: pl.DataFrame) -> pl.DataFrame | None:
        held = self._frame()
        if held is None or not self._keys:
            return held
        mine = held.join(keys, on=self._keys, how="semi", nulls_equal=True, maintain_order="left")
        return mine if mine.height else None

    def _exchange(self, keys: pl.DataFrame, frame: pl.DataFrame | None) -> None:
        held = self._frame() if self._keys else None
        others = [] if held is None else [held.join(keys, on=self._keys, how="anti", nulls_equal=True)]
        left = [f for f in (*others, *([] if frame is None else [frame])) if f.height]
        self._passed = [pl.concat(left).sort(AT)] if left else []
