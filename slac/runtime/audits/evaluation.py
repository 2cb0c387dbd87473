"""Which condition of an audit each row meets, and how many events stand behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.expressions import AnyExpr
from slac.plan.lowering import lower
from slac.stream.batch import DEPTH, ID, KEPT, SEEN, TIME, UNDECIDED, WEIGHT, WEIGHT_ONE

CONDITION: Final = "_condition"
"""Column (Int16): place of the condition in the transition table."""


class Evaluation:
    """The first `when` that is true; behind the last one: `otherwise`, and `no data` where all are NULL."""

    def __init__(self, keys: Sequence[str], whens: Sequence[AnyExpr]) -> None:
        self._keys = list(keys)
        lowered = [lower(when) for when in whens]
        no_data = pl.all_horizontal(when.is_null() for when in lowered)
        found = pl.when(no_data).then(len(lowered) + 1).otherwise(len(lowered))
        for place, when in reversed(list(enumerate(lowered))):
            found = pl.when(when).then(place).otherwise(found)
        self._condition = found.cast(pl.Int16).alias(CONDITION)
        self._no_data = len(lowered) + 1

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Time, order, keys, `_condition`, `_seen` (multiples of 2⁻²⁰) and `_kept` of each row."""
        order = [c for c in (TIME, DEPTH, ID) if c in frame.columns]
        condition = decided(frame, self._condition, self._no_data)
        return frame.select(*order, *self._keys, condition, *support(frame))


def decided(frame: pl.DataFrame, condition: pl.Expr, no_data: int) -> pl.Expr:
    """The condition that each row meets; what is undecided, because rows of its window may be missing, is no data."""
    if UNDECIDED not in frame.columns:
        return condition
    unsure = pl.col(UNDECIDED).fill_null(value=False)
    return pl.when(unsure).then(pl.lit(no_data, pl.Int16)).otherwise(condition).alias(CONDITION)


def support(frame: pl.DataFrame) -> list[pl.Expr]:
    """`_seen` (Int64 multiples of 2⁻²⁰) and `_kept` (Int64): a row that brings neither is one event."""
    kept = pl.col(KEPT).fill_null(1) if KEPT in frame.columns else pl.lit(1, pl.Int64)
    seen = [(pl.col(SEEN) * WEIGHT_ONE).round().cast(pl.Int64)] if SEEN in frame.columns else []
    seen += [pl.col(WEIGHT).cast(pl.Int64)] if WEIGHT in frame.columns else []
    return [pl.coalesce(*seen, pl.lit(WEIGHT_ONE, pl.Int64)).alias(SEEN), kept.alias(KEPT)]
