"""Which condition of an audit each row meets, and how many events stand behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.expressions import AnyExpr
from slac.plan.intervals.bounds import between
from slac.plan.intervals.columns import known_of
from slac.plan.intervals.of import bounds_of
from slac.plan.lowering import lower
from slac.plan.subexpressions import columns_in
from slac.stream.batch import BOUNDS, DEPTH, ID, KEPT, SEEN, TIME, UNDECIDED, WEIGHT, WEIGHT_ONE
from slac.stream.types import AnyType

CONDITION: Final = "_condition"
"""Column (Int16): place of the condition in the transition table."""


class Conditions:
    """The place of the first `when` that is true; `otherwise` behind the last one, `no_data` where all are NULL.

    `undecided` where the bounds of estimates leave open which of these it is.
    """

    def __init__(self, whens: Sequence[tuple[AnyExpr, int]], otherwise: int, no_data: int, undecided: int) -> None:
        self._whens, self._otherwise = whens, otherwise
        self._no_data, self._undecided = no_data, undecided
        lowered = [(lower(when), place) for when, place in whens]
        self._exact = self._found([(when, when, place) for when, place in lowered])
        self._types: dict[str, AnyType] = {c.name: c.dtype for when, _ in whens for c in columns_in(when)}
        self._estimated: dict[tuple[str, ...], pl.Expr] = {}

    def of(self, frame: pl.DataFrame) -> pl.Expr:
        """`_condition` of the rows of a frame."""
        condition, unsure = self._exact, self._no_data
        if BOUNDS in frame.columns:
            condition, unsure = self._of_estimates(frame), self._undecided
        if UNDECIDED not in frame.columns:
            return condition
        doubt = pl.col(UNDECIDED).fill_null(value=False)
        place = pl.lit(self._no_data, pl.Int16)
        if BOUNDS in frame.columns:
            # Of a row that is an estimate it may be open whether there should be one.
            place = pl.when(pl.col(BOUNDS).is_null()).then(place).otherwise(pl.lit(unsure, pl.Int16))
        return pl.when(doubt).then(place).otherwise(condition).alias(CONDITION)

    def _of_estimates(self, frame: pl.DataFrame) -> pl.Expr:
        fields = tuple(f.name for f in frame.schema[BOUNDS].fields)  # type: ignore[attr-defined]
        if fields not in self._estimated:
            known = known_of(frame, self._types)
            bounds = [(between(when, bounds_of(when, known)), place) for when, place in self._whens]
            self._estimated[fields] = self._found([(lower(b.low), lower(b.high), place) for b, place in bounds])
        return self._estimated[fields]

    def _found(self, whens: Sequence[tuple[pl.Expr, pl.Expr, int]]) -> pl.Expr:
        """By whether each is certainly, and whether it is possibly true."""
        nothing = pl.all_horizontal(when.is_null() for when, _, _ in whens)
        found = pl.when(nothing).then(self._no_data).otherwise(self._otherwise)
        for certain, possible, place in reversed(whens):
            if possible is not certain:
                found = pl.when(possible).then(self._undecided).otherwise(found)
            found = pl.when(certain).then(place).otherwise(found)
        return found.cast(pl.Int16).alias(CONDITION)


class Evaluation:
    """The conditions of an audit, in document order."""

    def __init__(self, keys: Sequence[str], whens: Sequence[AnyExpr]) -> None:
        self._keys = list(keys)
        last = len(whens)
        self._conditions = Conditions([(w, n) for n, w in enumerate(whens)], last, last + 1, last + 2)

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Time, order, keys, `_condition`, `_seen` (multiples of 2⁻²⁰) and `_kept` of each row."""
        order = [c for c in (TIME, DEPTH, ID) if c in frame.columns]
        return frame.select(*order, *self._keys, self._conditions.of(frame), *support(frame))


def support(frame: pl.DataFrame) -> list[pl.Expr]:
    """`_seen` (Int64 multiples of 2⁻²⁰) and `_kept` (Int64): a row that brings neither is one event."""
    kept = pl.col(KEPT).fill_null(1) if KEPT in frame.columns else pl.lit(1, pl.Int64)
    seen = [(pl.col(SEEN) * WEIGHT_ONE).round().cast(pl.Int64)] if SEEN in frame.columns else []
    seen += [pl.col(WEIGHT).cast(pl.Int64)] if WEIGHT in frame.columns else []
    return [pl.coalesce(*seen, pl.lit(WEIGHT_ONE, pl.Int64)).alias(SEEN), kept.alias(KEPT)]
