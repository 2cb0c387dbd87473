"""What rows add, as columns: only where they add something unusual, so that what is always one costs nothing.

A count of values, `_kept` and `_seen` are mostly 1 a row, and what could not be summed is mostly 0. So a lane holds by
how much a row differs from its usual number, and is left out of a frame where no row does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from slac.plan.aggregates import family
from slac.plan.aggregation.additive import Added, additive, support
from slac.plan.aggregation.peaks import Peak, peak
from slac.plan.expressions import AggregateCall
from slac.runtime.keyed.grouping import Longs

_AS_WRITTEN: Final = pl.QueryOptFlags.none()


class Lanes:
    """The parts of some calls, as sums (`sums`: name → usual number, whether Int128) and as extremes (`peaks`)."""

    def __init__(self, calls: Sequence[AggregateCall]) -> None:
        self._added = [added for call in calls for added in _sums_of(call)]
        self.peaks = [found for call in calls if (found := peak(family(call), call)) is not None]
        fixed = [*self._added, *support(())]
        self.usual: Mapping[str, int] = {a.name: a.usual or 0 for a in fixed}
        self.wide: Mapping[str, bool] = {a.name: a.wide for a in fixed}

    def of(self, rows: pl.DataFrame) -> dict[str, pl.Series]:
        """What rows add: the lanes in which some row is unusual, and the codes of all peaks, by name."""
        added = [a for a in (*self._added, *support(rows.columns)) if a.expr is not None]
        exprs = [*map(_unusual, added), *(p.expr.alias(p.name) for p in self.peaks)]
        if not exprs:
            return {}
        found = rows.lazy().select(exprs).collect(optimizations=_AS_WRITTEN)
        lanes = {a.name: found[a.name] for a in added if a.usual is None or _is_live(found[a.name])}
        for one in self.peaks:
            values = found[one.name]
            lanes[one.name] = pl.Series(one.name, one.codes(values))
            if values.null_count():
                lanes[present(one)] = -values.is_null().cast(pl.Int64)
        return lanes

    def from_parts(self, parts: pl.DataFrame, count: Longs) -> dict[str, pl.Series]:
        """The same of partial rows, each of which is taken for `count` rows."""
        rows, lanes = pl.Series(count), {}
        for name, usual in self.usual.items():
            if name in parts.columns:
                unusual = parts[name] - _times(rows, usual, wide=self.wide[name])
                lanes |= {name: unusual} if _is_live(unusual) else {}
        for one in self.peaks:
            values = parts[one.name]
            lanes[one.name] = pl.Series(one.name, one.codes(values))
            if values.null_count():
                lanes[present(one)] = -(values.is_null().cast(pl.Int64) * rows)
        return lanes

    def parts(self, count: Longs, sums: Mapping[str, pl.Series], peaks: Mapping[str, Longs]) -> list[pl.Series]:
        """The part columns of groups of `count` rows with these sums of what was unusual, and these greatest codes."""
        rows, made = pl.Series(count), []
        for name, usual in self.usual.items():
            if name.endswith(_PRESENT):
                continue
            total = _times(rows, usual, wide=self.wide[name])
            made.append((total + sums[name] if name in sums else total).alias(name))
        for one in self.peaks:
            values = one.values(peaks[one.name])
            if present(one) in sums:
                known = (rows + sums[present(one)]) > 0
                values = values.zip_with(known, pl.Series([None], dtype=values.dtype).new_from_index(0, len(values)))
            made.append(values.alias(one.name))
        return made


_PRESENT: Final = "?"


def present(one: Peak) -> str:
    """The lane that counts the values of a peak."""
    return one.name + _PRESENT


def is_keyed(calls: Sequence[AggregateCall]) -> bool:
    """Whether all calls are made of sums and extremes alone."""
    return all(_is_known(call) for call in calls)


def _is_known(call: AggregateCall) -> bool:
    return additive(family(call), call) is not None or peak(family(call), call) is not None


def _sums_of(call: AggregateCall) -> list[Added]:
    one = peak(family(call), call)
    if one is not None:
        return [Added(name=present(one), expr=None, usual=1)]
    return additive(family(call), call) or []


def _unusual(added: Added) -> pl.Expr:
    assert added.expr is not None
    value = added.expr.cast(pl.Int128 if added.wide else pl.Int64).fill_null(0)
    return (value - pl.lit(added.usual, pl.Int128 if added.wide else pl.Int64) if added.usual else value).alias(
        added.name
    )


def _is_live(unusual: pl.Series) -> bool:
    return bool(unusual.min() or unusual.max())


def _times(rows: pl.Series, usual: int, *, wide: bool) -> pl.Series:
    number = rows.cast(pl.Int128) if wide else rows
    return number if usual == 1 else number * pl.Series([usual], dtype=number.dtype)
