"""Aggregates with what estimates need, and frames of the plain ones as those have them.

What is kept beside weights is 0 for rows without; what stands beside rows that may be estimates is, for exact rows,
what the aggregate itself is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from slac.diagnostics import RunFailed
from slac.plan.aggregates import family, part_columns
from slac.plan.aggregation.family import part
from slac.plan.estimates.calls import began as the_beginning
from slac.plan.estimates.calls import besides, with_estimates
from slac.plan.estimates.doubts import is_doubt, with_doubts
from slac.plan.estimates.moments import LIMBS
from slac.plan.expressions import AggregateCall
from slac.plan.intervals.columns import known_by
from slac.plan.subexpressions import columns_in
from slac.runtime.operators.bounds_types import Fields, struct_of
from slac.stream.batch import BOUNDS, ID, KEPT, SEEN, TIME, UNDECIDED, WEIGHT_ONE
from slac.stream.sums import SCALE
from slac.stream.types import AnyType, Float


class Extension:
    """Of `plain` aggregates; `calls` are those with what estimates need, `counted` names of those that gates count.

    `fields`: those of `_bounds` on the rows; None where they have weights at most. `began`: also when rows begin; of
    what is known already, that is long ago.
    """

    def __init__(
        self,
        plain: tuple[AggregateCall, ...],
        fields: Fields | None = None,
        counted: tuple[str, ...] = (),
        *,
        began: bool = False,
    ) -> None:
        self.fields = fields
        calls = plain
        if fields is not None:
            calls = with_doubts(calls, known_by([name for name, _ in fields], _types(calls)))
        self.calls = (*with_estimates(calls, counted), *([the_beginning()] if began else ()))
        self._parts = part_columns(plain)
        self._new = _sources(plain, self.calls, besides(self.calls, counted))

    def of_rows(self, frame: pl.DataFrame, *, partial: bool) -> pl.DataFrame:
        """Rows of the stream, or partial rows, with all columns that are read."""
        if partial:
            return self._completed(frame)
        if self.fields is None:
            return frame
        lacking = [pl.lit(None, struct_of(self.fields)).alias(BOUNDS)] if BOUNDS not in frame.columns else []
        lacking += [pl.lit(None, pl.Boolean).alias(UNDECIDED)] if UNDECIDED not in frame.columns else []
        return frame.with_columns(lacking) if lacking else frame

    def of_state(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame of the plain operator's snapshot; RunFailed where what weights add is in the form of before."""
        names = set(frame.columns)
        if any(f"{name[:-1]}a" in names for name in self._new if name.endswith(LIMBS[0])):
            raise RunFailed(
                "the state has sums of weighted rows in a form of before, which are not read any more; "
                "start with another --state directory, or remove this one to begin anew"
            )
        if {KEPT, SEEN, *self._parts} <= names and frame.schema[SEEN] == pl.Int128:
            return self._completed(frame)
        return self.of_rows(frame, partial=False) if {TIME, ID} <= names else frame

    def _completed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """In the order of the node's parts, behind those that are there."""
        if all(name in frame.columns for name in self._new):
            return frame
        missing = [made.of(frame).alias(name) for name, made in self._new.items() if name not in frame.columns]
        others = [c for c in frame.columns if c not in self._new]
        at = others.index(self._parts[-1]) + 1 if self._parts else others.index(KEPT)
        return frame.with_columns(missing).select(*others[:at], *self._new, *others[at:])


@dataclass(frozen=True, slots=True)
class _Source:
    """What a part is where it was not kept: `factor` times another column that may be there, or neutral."""

    dtype: pl.DataType
    column: str = ""
    factor: int = 1

    def of(self, frame: pl.DataFrame) -> pl.Expr:
        """From the parts that a frame has."""
        if self.column not in frame.columns:
            return pl.lit([], self.dtype) if isinstance(self.dtype, pl.List) else pl.lit(0, self.dtype)
        found = pl.col(self.column)
        return (found if self.factor == 1 else found * pl.lit(self.factor, pl.Int128)).cast(self.dtype)


def _sources(
    plain: Sequence[AggregateCall], calls: Sequence[AggregateCall], beside: Mapping[str, Sequence[str]]
) -> dict[str, _Source]:
    """By the part columns that only the extended calls have."""
    own = {call.name: call for call in plain}
    doubts = {call.name: own[call.name[:-1]] for call in calls if is_doubt(call) and not call.name.endswith("?")}
    names = {
        mine: source for d, one in doubts.items() for mine, source in zip(beside[d], beside[one.name], strict=True)
    }
    widened = {d for d, one in doubts.items() if one.args and _is_widened(one, next(c for c in calls if c.name == d))}
    found = {}
    for call in (c for c in calls if c.name not in own):
        source = doubts[call.name].name if call.name in doubts else names.get(call.name, "")
        is_wide = any(call.name.startswith(d) for d in widened)
        for name, dtype in family(call).parts(call).items():
            factor = _FACTORS.get(name, 1) if is_wide else 1
            found[part(call, name)] = _Source(dtype, f"{source}.{name}" if source else "", factor)
    return found


_FACTORS: Final = {"sum": int(SCALE), "total": int(SCALE) // WEIGHT_ONE}
"""Sums of integers and what weights add to them, in the units of floats."""


def _is_widened(one: AggregateCall, other: AggregateCall) -> bool:
    """Whether the bounds of integers are floats."""
    return isinstance(other.args[0].dtype, Float) and not isinstance(one.args[0].dtype, Float)


def _types(calls: tuple[AggregateCall, ...]) -> dict[str, AnyType]:
    asked = (e for c in calls for e in (*c.args, *([] if c.where is None else [c.where])))
    return {c.name: c.dtype for one in asked for c in columns_in(one)}
