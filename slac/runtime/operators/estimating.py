"""A window over rows that a gate may have thinned: it keeps what estimates need from the first weighted row on.

Before that it is the plain operator, at its cost. Then it goes on from the same state: all that is kept beside the
aggregates is zero for rows without weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import polars as pl

from slac.plan.estimates.calls import GROUP
from slac.plan.nodes import WindowNode
from slac.runtime.operator import Lacks, Operator, State
from slac.runtime.operators.around import Around
from slac.runtime.operators.bounds_types import Fields, fields_of
from slac.runtime.operators.estimate_parts import Extension
from slac.stream.batch import BOUNDS, WEIGHT, WEIGHT_ONE, Batch

_ESTIMATES: Final = "estimates"
_DOUBTS: Final = "doubts"
_ENDS: Final = ("<", ">", "?")
_ONE_EACH: Final = pl.col(WEIGHT).fill_null(WEIGHT_ONE).clip(0, WEIGHT_ONE)
"""What passes with all of its key or window stands for itself alone."""


class EstimatingWindow(Around):
    """One window node; `build` makes the operator of a node, with or without what estimates need.

    `lacks`: what it may lack; from when there is any, it makes estimates too.
    """

    def __init__(self, node: WindowNode, build: Callable[[WindowNode], Operator], lacks: Lacks | None = None) -> None:
        self._node = node
        self._build = build
        self._inner = build(node)
        self._extension: Extension | None = None
        self._is_partial = node.role in ("merged", "final")
        self._is_whole = node.units == "whole"
        self._lacks = lacks

    @property
    def operator(self) -> Operator:
        """What is at work."""
        return self._inner

    def spare(self, most: int | None) -> None:
        """As the operator does, as long as it makes no estimates, nor has to begin to."""
        is_plain = self._extension is None and (self._lacks is None or not self._lacks.has_any)
        self._inner.spare(most if is_plain else None)

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """As the operator does."""
        wanted = self._wanted(batch.frame)
        if wanted is not None:
            self._begin(wanted)
        if self._is_whole and WEIGHT in batch.frame.columns:
            batch = Batch(batch.frame.with_columns(_ONE_EACH), late=batch.late)
        if self._extension is not None:
            batch = Batch(self._extension.of_rows(batch.frame, partial=self._is_partial), late=batch.late)
        return self._inner.on_batch(port, batch)

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the operator does."""
        if self._lacks is not None and self._extension is None and self._lacks.has_any:
            self._begin(self._extended(None))
        return self._inner.on_watermark(watermark, end=end)

    def snapshot(self) -> State:
        """The state of the operator, and what estimates it makes."""
        state = self._inner.snapshot()
        if self._extension is None:
            return state
        fields = self._extension.fields
        return State({**state.values, _ESTIMATES: fields or [], _DOUBTS: fields is not None}, state.frames)

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        made = state.values.get(_ESTIMATES)
        if made is not None:
            fields = [(n, k) for n, k in made] if state.values[_DOUBTS] else None
            self._extension = self._extended(fields)
            self._inner = self._build(self._with(self._extension))
            state = State(state.values, {n: self._extension.of_state(f) for n, f in state.frames.items()})
        self._inner.restore(state)

    def _wanted(self, frame: pl.DataFrame) -> Extension | None:
        """What rows of this frame need that is not there yet."""
        has = self._extension
        if has is not None and has.fields is not None:
            return None
        names = frame.columns
        if self._is_partial and any(name.split(".")[0].endswith(_ENDS) for name in names):
            return self._extended([])
        if not self._is_partial and BOUNDS in names:
            return self._extended(fields_of(frame))
        weighted = f"{GROUP}.k" in names if self._is_partial else WEIGHT in names
        return self._extended(None) if weighted and has is None else None

    def _extended(self, fields: Fields | None) -> Extension:
        runs = self._node.window.kind == "running"
        return Extension(self._node.aggregates, fields, self._node.counted, began=runs)

    def _with(self, extension: Extension) -> WindowNode:
        return msgspec.structs.replace(self._node, aggregates=extension.calls)

    def _begin(self, extension: Extension) -> None:
        """Go on with the same state, and with what is neutral beside it."""
        state = self._inner.snapshot()
        self._extension = extension
        self._inner = self._build(self._with(extension))
        self._inner.restore(State(state.values, {n: extension.of_state(f) for n, f in state.frames.items()}))
