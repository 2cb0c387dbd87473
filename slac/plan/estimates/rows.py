"""What rows add to the sums beside aggregates, and these sums by group."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import polars as pl

from slac.plan.aggregation.family import argument, part, per_row
from slac.plan.estimates.levels import Excess
from slac.plan.estimates.moments import Floats
from slac.plan.estimates.thinned import COUNTED_ONLY, TRUE, Added, ThinnedCount, ThinnedValue
from slac.plan.estimates.totals import Groups, Longs, Numbers, Piece, narrow_sums, pieces_of, wide_totals
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.stream.batch import COUNT, WEIGHT
from slac.stream.types import Float

Thinned: TypeAlias = ThinnedCount | ThinnedValue


def needed(calls: Sequence[tuple[AggregateCall, Thinned]], columns: Sequence[str]) -> list[str]:
    """Those of some columns that say what rows add."""
    asked = [e for call, _ in calls if (e := _value(call)) is not None]
    asked += [lower(call.where) for call, _ in calls if call.args and call.where is not None]
    read = {WEIGHT, COUNT}.union(*(e.meta.root_names() for e in asked))
    return [name for name in columns if name in read]


@dataclass(frozen=True, slots=True)
class GroupSums:
    """By part: sums of 64 bits (`narrow`), pieces of those of 128 (`wide`), and what is 0 (`none`: whether it is wide).

    `again`: parts whose sums are those of another one; which these are depends on the calls alone.
    """

    narrow: dict[str, Longs] = field(default_factory=dict)
    wide: dict[str, list[Piece]] = field(default_factory=dict)
    none: dict[str, bool] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, numbers: Numbers | None, groups: Groups, *, is_wide: bool) -> None:
        """Add up what rows add to a part."""
        if numbers is None:
            self.none[name] = is_wide
        elif is_wide:
            self.wide[name] = list(pieces_of(numbers, groups))
        else:
            self.narrow[name] = narrow_sums(numbers, groups)


def group_sums(frame: pl.DataFrame, calls: Sequence[tuple[AggregateCall, Thinned]], groups: Groups) -> GroupSums:
    """Of rows with weights, which lie group by group, for all calls."""
    more = Excess.of(frame, groups)
    values = frame.select(e.alias(call.name) for call, _ in calls if (e := _value(call)) is not None)
    sums = GroupSums()
    known: dict[object, dict[str, str]] = {}
    for call, kind in calls:
        own = values[call.name] if call.name in values.columns else None
        types = kind.parts(call)
        # What is the same beside several calls over one value is added up once.
        told = known.setdefault((call.args, call.where), {}) if isinstance(kind, ThinnedValue) else {}
        sums.again.update((part(call, name), told[name]) for name in types if name in told)
        # Powers that are too large are in no lane.
        with np.errstate(over="ignore", invalid="ignore"):
            for name, numbers in _added(call, kind, frame, more, own, frozenset(told)):
                sums.take(part(call, name), numbers, groups, is_wide=isinstance(types[name], pl.Int128))
        told.update((name, part(call, name)) for name in types if name not in told and name != "odd")
    return sums


def sums(frame: pl.DataFrame, calls: Sequence[tuple[AggregateCall, Thinned]], groups: Groups) -> dict[str, pl.Series]:
    """The parts of all calls by group, of the same rows."""
    found, count = group_sums(frame, calls, groups), len(groups.starts)
    zero, wide_zero = (pl.Series([0], dtype=d).new_from_index(0, count) for d in (pl.Int64, pl.Int128))
    zeros = {name: (wide_zero if is_wide else zero).alias(name) for name, is_wide in found.none.items()}
    narrow = {name: pl.Series(name, total) for name, total in found.narrow.items()}
    parts = {**narrow, **wide_totals(found.wide, count), **zeros}
    return {**parts, **{name: parts[source].alias(name) for name, source in found.again.items()}}


def _added(
    call: AggregateCall,
    kind: Thinned,
    frame: pl.DataFrame,
    more: Excess,
    own: pl.Series | None,
    known: Collection[str],
) -> Added:
    match kind:
        case ThinnedValue():
            assert own is not None
            return _of_value(call, kind, frame, more, own, known)
        case ThinnedCount():
            return _of_count(call, kind, frame, more, own)


def _of_value(
    call: AggregateCall,
    kind: ThinnedValue,
    frame: pl.DataFrame,
    more: Excess,
    own: pl.Series,
    known: Collection[str],
) -> Added:
    # A row that was dropped tells what a gate knows of it: mostly whether it would have counted, never its value.
    gone = more.rows < 0
    if call.where is not None and gone.any():
        # All rows at once may have said one thing.
        gone = gone & frame.select(per_row(lower(call.where)).fill_null(value=True)).to_series().to_numpy()
    zero = gone if gone.any() else None
    present = own.is_not_null().to_numpy() if own.null_count() else None
    rows, counted = more.rows if present is None else more.where(present), more.counted(present)
    if isinstance(call.args[0].dtype, Float):
        values: Floats = (own.fill_null(0.0) if present is not None else own).to_numpy()
        # What is no number makes the value NaN anyway.
        if not np.isfinite(values).all():
            values = np.where(np.isfinite(values), values, 0.0)
        return kind.added(rows, values, None, zero, counted, known)
    whole = own.to_physical().cast(pl.Int64)
    numbers = (whole.fill_null(0) if present is not None else whole).to_numpy()
    return kind.added(rows, numbers.astype(np.float64), numbers, zero, counted, known)


def _of_count(
    call: AggregateCall, kind: ThinnedCount, frame: pl.DataFrame, more: Excess, own: pl.Series | None
) -> Added:
    chosen = None
    if own is not None:
        flags = own.fill_null(value=False) if TRUE in call.options or not call.args else own.is_not_null()
        chosen = flags.to_numpy()
    gate = None
    if COUNTED_ONLY in call.options and COUNT in frame.columns:
        told = frame[COUNT]
        known = told.is_not_null().to_numpy()
        gate = np.where(known if chosen is None else known & chosen, told.fill_null(1).to_numpy() - 1, 0)
        chosen = ~known if chosen is None else chosen & ~known
    counted = more.counted(chosen)
    rows = more.rows if chosen is None or counted is not None else more.where(chosen)
    return kind.added(rows, counted, gate)


def _value(call: AggregateCall) -> pl.Expr | None:
    if call.args:
        return argument(call)
    return None if call.where is None else per_row(lower(call.where))
