"""What rows add to sums: each distinct value is evaluated once, and read once in each way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from slac.plan.aggregation.additive import Added
from slac.plan.aggregation.numbers import Reading
from slac.plan.aggregation.peaks import Peak
from slac.plan.at_once import AtOnce
from slac.runtime.keyed.integers import Integers, squares, whole

_AS_WRITTEN: Final = pl.QueryOptFlags.none()
_FEW: Final = 4096
"""Of so many rows values are worked out column by column; of more a query is quicker."""


class Readings:
    """Of some additions and peaks; `columns` are those of the rows that are needed."""

    def __init__(self, added: Iterable[Added], peaks: Sequence[Peak]) -> None:
        self._values: list[pl.Expr] = []
        self._quick: list[AtOnce | None] = []
        self._names: list[str | None] = []
        self._added = [(one, self._place(one.value, one.quick)) for one in added if one.value is not None]
        self._peaks = [(one, self._place(one.expr)) for one in peaks]
        self.columns = sorted({name for value in self._values for name in value.meta.root_names()})

    def of(self, rows: pl.DataFrame) -> tuple[dict[str, Integers], dict[str, pl.Series]]:
        """The numbers in which rows differ from what is usual, where any does; and the values of peaks."""
        values = self._evaluated(rows)
        read: dict[tuple[int, Reading], Integers | None] = {}
        sums: dict[str, Integers] = {}
        for one, place in self._added:
            way = (place, one.reading)
            if way not in read:
                numbers = one.reading(values[place])
                read[way] = None if numbers is None else whole(numbers)
            found = read[way]
            if found is not None:
                sums[one.name] = squares(found) if one.squared else found
        return sums, {one.name: values[place].alias(one.name) for one, place in self._peaks}

    def _place(self, value: pl.Expr, quick: AtOnce | None = None) -> int:
        """Where a value stands; the same one stands there already."""
        for place, known in enumerate(self._values):
            if known.meta.eq(value):
                return place
        self._values.append(value)
        self._quick.append(quick)
        self._names.append(value.meta.output_name() if value.meta.is_column() else None)
        return len(self._values) - 1

    def _evaluated(self, rows: pl.DataFrame) -> list[pl.Series]:
        """The values as columns; what is a column already needs no query, and of few rows hardly anything does."""
        found = [self._at_once(rows, place) for place in range(len(self._values))]
        left = [self._values[place].alias(str(place)) for place, one in enumerate(found) if one is None]
        frame = rows.lazy().select(left).collect(optimizations=_AS_WRITTEN) if left else pl.DataFrame()
        return [frame[str(place)] if one is None else one for place, one in enumerate(found)]

    def _at_once(self, rows: pl.DataFrame, place: int) -> pl.Series | None:
        name, quick = self._names[place], self._quick[place]
        if name is not None:
            return rows[name]
        return None if quick is None or rows.height > _FEW else quick(rows)
