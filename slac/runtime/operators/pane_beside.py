"""What weights add beside aggregates, by slot: the sums of `slac.plan.estimates`, without a grouping of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.family import part
from slac.plan.estimates.rows import Thinned, group_sums, needed
from slac.plan.estimates.thinned import ThinnedCount, ThinnedValue
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Halved
from slac.runtime.keyed.wide_sums import WideSums
from slac.stream.batch import WEIGHT


def is_beside(call: AggregateCall) -> bool:
    """Whether a call is kept beside others in a form that is summed up here."""
    return isinstance(family(call), ThinnedCount | ThinnedValue)


class BesideSums:
    """Of the calls that are kept beside others."""

    def __init__(self, calls: Sequence[AggregateCall]) -> None:
        kinds = ((call, family(call)) for call in calls)
        self._calls: list[tuple[AggregateCall, Thinned]] = [
            (call, kind) for call, kind in kinds if isinstance(kind, ThinnedCount | ThinnedValue)
        ]
        self._types = {part(c, name): dtype for c, kind in self._calls for name, dtype in kind.parts(c).items()}
        self._again: Mapping[str, str] = {}
        self._needed: dict[tuple[str, ...], list[str]] = {}

    def asked(self, frame: pl.DataFrame) -> pl.DataFrame | None:
        """The columns that say what rows add; None where they add nothing."""
        if not self._calls or WEIGHT not in frame.columns:
            return None
        columns = tuple(frame.columns)
        if columns not in self._needed:
            self._needed[columns] = needed(self._calls, columns)
        return frame[self._needed[columns]]

    def add(self, rows: pl.DataFrame, slots: Longs, into: WideSums) -> None:
        """Rows that were `asked` for, of these slots."""
        found = group_sums(rows, self._calls, slots)
        self._again = found.again
        names, low, high = found.words()
        into.add(names, found.slots, low, high)

    def parts(self, slots: Longs, held: WideSums) -> list[pl.Series]:
        """The part columns of these slots."""
        if not self._types:
            return []
        names = [self._again.get(name, name) for name in self._types]
        low, high = held.words(names, slots)
        # All at once: a series costs more than what it holds.
        wide, count = Halved(high.ravel(), low.ravel()).series(), len(slots)
        made = []
        for row, (name, dtype) in enumerate(self._types.items()):
            narrow = pl.Series(name, low[row].view(np.int64)) if dtype == pl.Int64() else None
            made.append(wide.slice(row * count, count).alias(name) if narrow is None else narrow)
        return made
