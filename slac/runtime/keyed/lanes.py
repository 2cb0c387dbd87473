"""What rows add, as columns: only where they add something unusual, so that what is always one costs nothing.

A count of values, `_kept` and `_seen` are mostly 1 a row, and what could not be summed is mostly 0. So a lane holds by
how much a row differs from its usual number, and is left out where no row does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.additive import Added, additive, support
from slac.plan.aggregation.family import part
from slac.plan.aggregation.peaks import Peak, peak
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.integers import Integers, added, column, is_zero, times, whole
from slac.runtime.keyed.readings import Readings
from slac.stream.batch import COUNT, KEPT, SEEN, WEIGHT

_COUNTING: Final = frozenset((COUNT, KEPT, SEEN, WEIGHT))
_PRESENT: Final = "?"


@dataclass(frozen=True, slots=True)
class Worth:
    """Of rows, or of groups: what is unusual in each lane (nothing, where it is missing), and codes of peaks."""

    sums: dict[str, Integers] = field(default_factory=dict)
    peaks: dict[str, Longs] = field(default_factory=dict)

    def part(self, rows: slice | Longs) -> Worth:
        """Of these rows."""
        return Worth({n: s[rows] for n, s in self.sums.items()}, {n: c[rows] for n, c in self.peaks.items()})


class Lanes:
    """The parts of some calls: as sums, with the `usual` number of each, and as `peaks`."""

    def __init__(self, calls: Sequence[AggregateCall]) -> None:
        self._added = [one for call in calls for one in _sums_of(call)]
        self.peaks = [found for call in calls if (found := peak(family(call), call)) is not None]
        self._like = {a.name: a.like for a in self._added if a.like is not None}
        fixed = [*self._added, *support(())]
        self.usual: Mapping[str, int] = {a.name: a.usual for a in fixed}
        self.wide: Mapping[str, bool] = {a.name: a.wide for a in fixed}
        self._readings: dict[frozenset[str], Readings] = {}

    def columns(self, rows: pl.DataFrame) -> list[str]:
        """The columns of rows of the stream that `of` reads."""
        return self._reading(rows.columns).columns

    def of(self, rows: pl.DataFrame) -> Worth:
        """What rows of the stream are worth."""
        sums, peaks = self._reading(rows.columns).of(rows)
        worth = Worth({name: numbers for name, numbers in sums.items() if not is_zero(numbers)})
        return self._with_peaks(worth, peaks, 1) if peaks else worth

    def _reading(self, columns: Sequence[str]) -> Readings:
        """What is read depends on which columns there are of how a row counts."""
        counting = frozenset(columns) & _COUNTING
        if counting not in self._readings:
            self._readings[counting] = Readings([*self._added, *support(counting)], self.peaks)
        return self._readings[counting]

    def of_parts(self, parts: pl.DataFrame, count: Longs) -> Worth:
        """The same of partial rows, each of which is taken for `count` rows."""
        worth = Worth()
        for name, usual in self.usual.items():
            if name in parts.columns:
                numbers = added(whole(parts[name]), times(count, -usual))
                if not is_zero(numbers):
                    worth.sums[name] = numbers
        return self._with_peaks(worth, parts.to_dict(), count)

    def parts(self, count: Longs, worth: Worth, calls: Sequence[AggregateCall] | None = None) -> list[pl.Series]:
        """The part columns of groups of `count` rows (of some calls only); a sum is Int64 where that is enough."""
        names = None if calls is None else {part(call, name) for call in calls for name in family(call).parts(call)}
        made = []
        for name, usual in self.usual.items():
            if not name.endswith(_PRESENT) and (names is None or name in names):
                total = times(count, usual)
                made.append(column(added(total, worth.sums[name]) if name in worth.sums else total, name))
        types = {one.name: one.dtype for one in made}
        made = [one.cast(types[self._like.get(one.name, one.name)]) for one in made]
        return made + [self.peak(one, count, worth) for one in self.peaks if names is None or one.name in names]

    def peak(self, one: Peak, count: Longs, worth: Worth) -> pl.Series:
        """The values of a peak in groups of `count` rows; NULL where there is none."""
        values = one.values(worth.peaks[one.name])
        if present(one) in worth.sums:
            known = column(added(count, worth.sums[present(one)]), "") > 0
            values = values.zip_with(known, pl.Series([None], dtype=values.dtype).new_from_index(0, len(values)))
        return values.alias(one.name)

    def _with_peaks(self, worth: Worth, values: Mapping[str, pl.Series], count: Longs | int) -> Worth:
        for one in self.peaks:
            worth.peaks[one.name] = one.codes(values[one.name])
            if values[one.name].null_count():
                none: Longs = values[one.name].is_null().cast(pl.Int64).to_numpy()
                worth.sums[present(one)] = -none * count
        return worth


def present(one: Peak) -> str:
    """The lane that counts the values of a peak."""
    return one.name + _PRESENT


def _sums_of(call: AggregateCall) -> list[Added]:
    one = peak(family(call), call)
    if one is not None:
        return [Added(name=present(one), value=None, usual=1)]
    return additive(family(call), call) or []
