"""A join of rows that are estimates: what is known of the bounds of either side goes along as one more column.

Before the first such row it is the plain join, at its cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
import polars as pl

from slac.plan.intervals.columns import bounds_like
from slac.plan.nodes import IntervalJoinNode, LatestJoinNode
from slac.runtime.operator import Operator, State
from slac.runtime.operators.around import Around
from slac.runtime.operators.bounds_types import TYPES, Fields, fields_of, struct_of
from slac.runtime.operators.estimated_rows import without_bounds
from slac.stream.batch import BOUNDS, META, UNDECIDED, Batch
from slac.stream.types import Field, Schema, Struct

_LEFT: Final = "~left"
_RIGHT: Final = "~right"
_OPEN: Final = "~open"
"""Field: whether it is open if the row is there at all."""
_SIDES: Final = "sides"

AnyJoin = LatestJoinNode | IntervalJoinNode


class EstimatingJoin(Around):
    """One join node; `build` makes the operator of a node, which may have columns more than this one."""

    def __init__(self, node: AnyJoin, build: Callable[[AnyJoin], Operator]) -> None:
        self._node, self._build = node, build
        self._inner = build(node)
        self.unheard = self._inner.unheard
        self._sides: dict[int, Fields] = {}
        """By port the fields of `_bounds`, each with what is kept of its type."""
        self._right = f"{node.alias}.{_RIGHT}"
        self._types = {f.name: f.dtype for f in node.schema.fields}

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """As the join does."""
        frame = batch.frame
        if BOUNDS in frame.columns and port not in self._sides:
            self._begin(port, frame)
        if port in self._sides:
            batch = Batch(self._packed(port, frame), late=batch.late)
        return self._unpacked(self._inner.on_batch(port, batch))

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the join does."""
        return self._unpacked(super().on_watermark(watermark, end=end))

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """As the join does."""
        return self._unpacked(super().on_doubt(certain))

    def snapshot(self) -> State:
        """The state of the join, and which sides are estimates."""
        state = self._inner.snapshot()
        if not self._sides:
            return state
        sides = {str(port): fields for port, fields in self._sides.items()}
        return State({**state.values, _SIDES: sides}, state.frames)

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        given: Mapping[str, Any] = state.values.get(_SIDES, {})
        self._sides = {int(port): [(n, k) for n, k in fields] for port, fields in given.items()}
        if self._sides:
            self._inner = self._build(self._extended())
        self._inner.restore(state)

    def _begin(self, port: int, frame: pl.DataFrame) -> None:
        """Go on with the same state, of which nothing is an estimate."""
        state = self._inner.snapshot()
        self._sides[port] = fields_of(frame)
        self._inner = self._build(self._extended())
        names = (_LEFT,) if port == 0 else (_RIGHT, self._right)
        nothing = [pl.lit(None, struct_of((*self._sides[port], (_OPEN, "bool")))).alias(name) for name in names]
        self._inner.restore(State(state.values, {n: f.with_columns(nothing) for n, f in state.frames.items()}))

    def _extended(self) -> AnyJoin:
        node, fields, columns = self._node, list(self._node.schema.fields), self._node.right_columns
        for port, kept in self._sides.items():
            types = tuple(Field(n, TYPES[k]) for n, k in (*kept, (_OPEN, "bool")))
            fields.append(Field(_LEFT if port == 0 else self._right, Struct(types)))
            columns = columns if port == 0 else (*columns, _RIGHT)
        return msgspec.structs.replace(node, schema=Schema(tuple(fields)), right_columns=columns)

    def _packed(self, port: int, frame: pl.DataFrame) -> pl.DataFrame:
        name, dtype = _RIGHT if port else _LEFT, struct_of((*self._sides[port], (_OPEN, "bool")))
        if BOUNDS not in frame.columns:
            return frame.with_columns(pl.lit(None, dtype).alias(name))
        is_open = pl.col(UNDECIDED).fill_null(value=False) if UNDECIDED in frame.columns else pl.lit(value=False)
        fields = [pl.col(BOUNDS).struct.field(n) for n, _ in self._sides[port]]
        packed = pl.when(pl.col(BOUNDS).is_not_null()).then(pl.struct(*fields, is_open.alias(_OPEN)).cast(dtype))
        return frame.with_columns(packed.alias(name)).drop(BOUNDS)

    def _unpacked(self, batches: Iterable[Batch]) -> Iterable[Batch]:
        said = list(batches)
        return [Batch(self._joined(b.frame), late=b.late) for b in said] if self._sides else said

    def _joined(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = {port: _LEFT if port == 0 else self._right for port in self._sides}
        fields, there, doubts = [], [], []
        for port, name in names.items():
            prefix = f"{self._node.alias}." if port else ""
            packed = pl.col(name).struct
            fields += [packed.field(n).alias(f"{prefix}{n}") for n, _ in self._sides[port]]
            there.append(pl.col(name).is_not_null())
            doubts.append(packed.field(_OPEN).fill_null(value=False))
        before = [pl.col(UNDECIDED).fill_null(value=False)] if UNDECIDED in frame.columns else []
        bounds = pl.when(pl.any_horizontal(there)).then(pl.struct(fields)).alias(BOUNDS)
        made = frame.with_columns(bounds, pl.any_horizontal(*before, *doubts).alias(UNDECIDED)).drop(*names.values())
        # As many fields as there can be: those of the other side may come later.
        made = made.with_columns(bounds_like(made, self._types))
        if not before and not made[UNDECIDED].any():
            made = made.drop(UNDECIDED)
        meta = [name for name in META if name in made.columns]
        return without_bounds(made.select(*meta, *(n for n in made.columns if n not in meta)))
