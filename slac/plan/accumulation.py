"""Partial rows one after the other: each becomes what all of its group up to and including it make together.

Rows of a frame are taken in their order. Where every aggregate has a cumulative form that is one pass; else rows are
merged with those 1, 2, 4, … before them, which takes as many merges as the logarithm of the largest group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.aggregates import family, merge_exprs
from slac.plan.aggregation.cumulative import cumulative
from slac.plan.aggregation.ends import End
from slac.plan.expressions import AggregateCall
from slac.stream.batch import KEPT, SEEN

_ROW: Final = "_row"
_PLACE: Final = "_place"


def accumulated(
    frame: pl.DataFrame, by: Sequence[str], calls: Sequence[AggregateCall], *, in_time: bool = True
) -> pl.DataFrame:
    """The partial rows with their parts, `_kept` and `_seen` accumulated within `by`; other columns as they were.

    `in_time`: rows stand in the order of what they are made of, so that the last one has the LAST value.
    """
    exprs = _forms(calls, in_time=in_time)
    if exprs is None:
        return _doubling(frame, by, calls)
    exprs = [*exprs, pl.col(KEPT).cum_sum(), pl.col(SEEN).cum_sum()]
    return frame.with_columns([e.over(by) for e in exprs] if by else exprs)


def _forms(calls: Sequence[AggregateCall], *, in_time: bool) -> list[pl.Expr] | None:
    if not in_time and any(isinstance(family(call), End) for call in calls):
        return None
    forms = [cumulative(family(call), call) for call in calls]
    known = [form for form in forms if form is not None]
    return [expr for form in known for expr in form] if len(known) == len(forms) else None


def _doubling(frame: pl.DataFrame, by: Sequence[str], calls: Sequence[AggregateCall]) -> pl.DataFrame:
    """Merging is associative: after the step of 2ⁿ, a row holds what the 2ⁿ⁺¹ rows up to it make."""
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    rows = frame.with_row_index(_ROW).with_columns((place.over(by) if by else place).alias(_PLACE))
    merges = merge_exprs(calls)
    made = [e.meta.output_name() for e in merges]
    longest = int(rows[_PLACE].max()) if rows.height else 0  # type: ignore[arg-type]
    state, step = rows.select(_ROW, _PLACE, *made), 1
    # Rows of a group stand apart in the frame: the row `step` places on is found by group and place.
    places = rows.select(*by, _PLACE, pl.col(_ROW))
    while step <= longest:
        moved = rows.select(_ROW, *by).join(state.drop(_PLACE), on=_ROW).join(rows.select(_ROW, _PLACE), on=_ROW)
        moved = moved.with_columns(pl.col(_PLACE) + step).drop(_ROW)
        moved = moved.join(places, on=[*by, _PLACE], nulls_equal=True).select(_ROW, _PLACE, *made)
        state = pl.concat([state, moved]).group_by(_ROW, _PLACE).agg(merges)
        step *= 2
    others = frame.drop(made).with_row_index(_ROW)
    joined = others.join(state.drop(_PLACE), on=_ROW, maintain_order="left").drop(_ROW)
    return joined.select(frame.columns)
