"""A window over rows that a gate may have thinned: it keeps what estimates need from the first weighted row on.

Before that it is the plain operator, at its cost. Then it goes on from the same state: all that is kept beside the
aggregates is zero for rows without weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import polars as pl

from slac.plan.aggregates import family, part_columns
from slac.plan.aggregation.family import part
from slac.plan.estimates.calls import GROUP, is_beside, with_estimates
from slac.plan.nodes import WindowNode
from slac.runtime.instructions import Notice
from slac.runtime.operator import Operator, State
from slac.stream.batch import KEPT, SEEN, WEIGHT, WEIGHT_ONE, Batch

_ESTIMATES: Final = "estimates"
_ONE_EACH: Final = pl.col(WEIGHT).fill_null(WEIGHT_ONE).clip(0, WEIGHT_ONE)
"""What passes with all of its key or window stands for itself alone."""


class EstimatingWindow(Operator):
    """One window node; `build` makes the operator of a node, with or without what estimates need."""

    def __init__(self, node: WindowNode, build: Callable[[WindowNode], Operator]) -> None:
        self._node = node
        self._build = build
        self._inner = build(node)
        self._estimates = False
        calls = with_estimates(node.aggregates, node.counted)
        self._weighted = msgspec.structs.replace(node, aggregates=calls)
        beside = [call for call in calls if is_beside(call)]
        self._beside = {part(call, n): t for call in beside for n, t in family(call).parts(call).items()}
        self._parts = part_columns(node.aggregates)
        self._is_partial = node.role in ("merged", "final")
        self._is_whole = node.units == "whole"

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """As the operator does."""
        if not self._estimates and self._has_weights(batch.frame):
            self._begin()
        if self._is_whole and WEIGHT in batch.frame.columns:
            batch = Batch(batch.frame.with_columns(_ONE_EACH), late=batch.late)
        if self._estimates and self._is_partial:
            batch = Batch(self._with_zeros(batch.frame), late=batch.late)
        return self._inner.on_batch(port, batch)

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the operator does."""
        return self._inner.on_watermark(watermark, end=end)

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """As the operator does."""
        return self._inner.on_doubt(certain)

    def output_watermark(self, watermark: int) -> int:
        """That of the operator."""
        return self._inner.output_watermark(watermark)

    def next_due(self) -> int | None:
        """That of the operator."""
        return self._inner.next_due()

    def open_until(self) -> int | None:
        """That of the operator."""
        return self._inner.open_until()

    def snapshot(self) -> State:
        """The state of the operator, and whether it makes estimates."""
        state = self._inner.snapshot()
        return State({**state.values, _ESTIMATES: self._estimates}, state.frames)

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._estimates = bool(state.values.get(_ESTIMATES, False))
        if self._estimates:
            self._inner = self._build(self._weighted)
        self._inner.restore(state)

    def statistics(self) -> Mapping[str, int]:
        """Those of the operator."""
        return self._inner.statistics()

    def notices(self) -> Iterable[Notice]:
        """Those of the operator."""
        return self._inner.notices()

    def _has_weights(self, frame: pl.DataFrame) -> bool:
        return f"{GROUP}.k" in frame.columns if self._is_partial else WEIGHT in frame.columns

    def _begin(self) -> None:
        """Go on with the same state and zeros beside it."""
        state = self._inner.snapshot()
        self._estimates = True
        self._inner = self._build(self._weighted)
        self._inner.restore(State(state.values, {n: self._extended(f) for n, f in state.frames.items()}))

    def _extended(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame of partial rows with zeros; any other as it is."""
        is_partial = {KEPT, SEEN, *self._parts} <= set(frame.columns) and frame.schema[SEEN] == pl.Int128
        return self._with_zeros(frame) if is_partial else frame

    def _with_zeros(self, frame: pl.DataFrame) -> pl.DataFrame:
        missing = {n: t for n, t in self._beside.items() if n not in frame.columns}
        if not missing:
            return frame
        zeros = [_neutral(t).alias(n) for n, t in missing.items()]
        at = frame.columns.index(KEPT) if frame.columns.index(KEPT) > 0 else len(frame.columns)
        names = [*frame.columns[:at], *missing, *frame.columns[at:]]
        return frame.with_columns(zeros).select(names)


def _neutral(dtype: pl.DataType) -> pl.Expr:
    return pl.lit([], dtype) if isinstance(dtype, pl.List) else pl.lit(0, dtype)
