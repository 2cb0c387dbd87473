"""What rows with weights add to the sums beside aggregates, by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from slac.plan.aggregation.family import argument, part, per_row
from slac.plan.estimates.levels import Mask, Weighed
from slac.plan.estimates.moments import COUNTED, LIMBS, digits, spread, weighted
from slac.plan.estimates.thinned import COUNTED_ONLY, TRUE, ThinnedCount, ThinnedValue
from slac.plan.estimates.totals import Longs, Piece, Words, wide_series, wide_words
from slac.plan.estimates.valued import Valued
from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.stream.batch import COUNT, WEIGHT

Thinned: TypeAlias = ThinnedCount | ThinnedValue
_NARROW: Final = 20
"""Weights are in multiples of 2⁻²⁰."""


def needed(calls: Sequence[tuple[AggregateCall, Thinned]], columns: Sequence[str]) -> list[str]:
    """Those of some columns that say what rows add."""
    asked = [e for call, _ in calls if (e := _value(call)) is not None]
    asked += [lower(call.where) for call, _ in calls if call.args and call.where is not None]
    read = {WEIGHT, COUNT}.union(*(e.meta.root_names() for e in asked))
    return [name for name in columns if name in read]


@dataclass(slots=True)
class GroupSums:
    """By part, of the groups `slots`: sums of 64 bits (`narrow`), and low and high words of those of 128 (`wide`).

    What is missing is 0. `again`: parts whose sums are those of another one, which depends on the calls alone.
    """

    slots: Longs
    narrow: dict[str, Longs] = field(default_factory=dict)
    wide: dict[str, tuple[Words, Longs]] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)

    def words(self) -> tuple[list[str], Words, Longs]:
        """All of them in 128 bits: names, and a row of words for each."""
        small = [(total.view(np.uint64), total >> np.int64(63)) for total in self.narrow.values()]
        low, high = zip(*small, *self.wide.values(), strict=True)
        return [*self.narrow, *self.wide], np.stack(low), np.stack(high)


def group_sums(frame: pl.DataFrame, calls: Sequence[tuple[AggregateCall, Thinned]], slots: Longs) -> GroupSums:
    """Of rows with weights, of which each is of the group that `slots` says, for all calls."""
    added = _Added(frame, calls, Weighed.of(frame[WEIGHT], slots))
    for call, kind in calls:
        match kind:
            case ThinnedValue():
                added.value(call, kind)
            case ThinnedCount():
                added.count(call)
    return added.done()


def sums(frame: pl.DataFrame, calls: Sequence[tuple[AggregateCall, Thinned]], lengths: Longs) -> dict[str, pl.Series]:
    """The parts of all calls by group, of rows that lie group by group, so many each."""
    found, count = group_sums(frame, calls, np.repeat(np.arange(len(lengths)), lengths)), len(lengths)
    zero, wide_zero = (pl.Series([0], dtype=d).new_from_index(0, count) for d in (pl.Int64, pl.Int128))
    parts = {name: pl.Series(name, total) for name, total in found.narrow.items()}
    parts |= wide_series(found.wide)
    types = {part(call, name): dtype for call, kind in calls for name, dtype in kind.parts(call).items()}
    made = {}
    for name, dtype in types.items():
        own = parts.get(found.again.get(name, name))
        made[name] = (own if own is not None else zero if dtype == pl.Int64() else wide_zero).alias(name)
    return made


class _Added:
    """What all calls add, one after the other."""

    def __init__(self, frame: pl.DataFrame, calls: Sequence[tuple[AggregateCall, Thinned]], weighed: Weighed) -> None:
        self._frame, self._calls, self._weighed = frame, calls, weighed
        # With a column beside it what is the same for all rows is told for each of them.
        asked = [e.alias(call.name) for call, _ in calls if (e := _value(call)) is not None]
        self._values = frame.select(WEIGHT, *asked)
        self._more = weighed.more()
        self._above, self._gone = ((self._more > 0)[weighed.level], (self._more < 0)[weighed.level])
        self._factors: dict[str, Longs] = {}
        self._valued: dict[object, tuple[Valued, dict[str, str]]] = {}
        self._highest: dict[object, int] = {}
        for call, kind in calls:
            if isinstance(kind, ThinnedValue):
                most = max(int(name[1]) for name in kind.moments)
                self._highest[call.args, call.where] = max(most, self._highest.get((call.args, call.where), 0))
        self._sums = GroupSums(weighed.slots)
        self._wide: dict[str, list[Piece]] = {}

    def done(self) -> GroupSums:
        """All sums."""
        if self._wide:
            low, high = wide_words(list(self._wide.values()), len(self._weighed.slots))
            self._sums.wide.update(zip(self._wide, zip(low, high, strict=True), strict=True))
        return self._sums

    def count(self, call: AggregateCall) -> None:
        """Of rows, or of those where something holds."""
        chosen = None
        if (own := self._own(call)) is not None:
            flags = own.fill_null(value=False) if TRUE in call.options or not call.args else own.is_not_null()
            chosen = flags.to_numpy()
        if COUNTED_ONLY in call.options and COUNT in self._frame.columns:
            told = self._frame[COUNT]
            known = told.is_not_null().to_numpy()
            mine = known if chosen is None else known & chosen
            gate = np.where(mine, told.fill_null(1).to_numpy() - 1, 0)
            weighed = self._weighed
            self._sums.narrow[part(call, "gate")] = np.add.reduceat(gate[weighed.order], weighed.groups.starts)
            chosen = ~known if chosen is None else chosen & ~known
        counted = self._weighed.counted(chosen)
        self._add(part(call, "zero"), counted, self._gone)
        self._weights(call, counted, "a")

    def value(self, call: AggregateCall, kind: ThinnedValue) -> None:
        """Of a column; what is the same beside several calls over one column is added up once."""
        valued, told = self._of_column(call)
        names = kind.parts(call)
        self._sums.again.update((part(call, name), told[name]) for name in names if name in told)
        if not told:
            self._weights(call, valued.counted, "ab")
            if self._gone.any():
                self._add(part(call, "zero"), self._weighed.counted(self._possible(call)), self._gone)
            self._wide[part(call, "total")] = valued.total()
        new = [name for name in kind.moments if f"{name}{LIMBS[0]}" not in told]
        self._sums.wide.update((part(call, name), words) for name, words in valued.moments(new).items())
        odd = valued.odd(fourth="a4" in kind.moments)
        if odd is not None:
            self._add(part(call, "odd"), odd, self._above)
        told.update((name, part(call, name)) for name in names if name not in told and name != "odd")

    def _of_column(self, call: AggregateCall) -> tuple[Valued, dict[str, str]]:
        key = (call.args, call.where)
        if key not in self._valued:
            own = self._own(call)
            assert own is not None
            self._valued[key] = Valued(own, call, self._weighed, self._factor, self._highest[key]), {}
        return self._valued[key]

    def _possible(self, call: AggregateCall) -> Mask | None:
        """Rows that FILTER lets pass, or may: a row that was dropped tells what a gate knows of it, never its value."""
        if call.where is None:
            return None
        passes = per_row(lower(call.where)).fill_null(value=True).alias(call.name)
        return self._frame.select(WEIGHT, passes)[call.name].to_numpy()

    def _own(self, call: AggregateCall) -> pl.Series | None:
        return self._values[call.name] if call.name in self._values.columns else None

    def _weights(self, call: AggregateCall, counted: Longs, orders: str) -> None:
        """What weights alone add, of so many rows of each pair."""
        self._add(part(call, "k"), counted, self._above)
        for order, name in (("m", "more"), *((order, f"{order}0") for order in orders)):
            found = weighted(counted, self._factor(order, _NARROW if order == "m" else COUNTED))
            self._wide[part(call, name)] = [(shift, self._weighed.together(numbers)) for shift, numbers in found]

    def _add(self, name: str, counted: Longs, flags: Mask) -> None:
        """How many rows there are of pairs with a flag, where there are any."""
        if flags.any():
            self._sums.narrow[name] = self._weighed.together(np.where(flags, counted, 0))

    def _factor(self, order: str, scale: int = COUNTED) -> Longs:
        """By pair the digits of what its weight makes of a row, in multiples of two to the power of −scale."""
        name = f"{order}{scale}"
        if name not in self._factors:
            made = digits(np.rint(spread(self._more, order) * 2.0**scale))
            self._factors[name] = made[:, self._weighed.level]
        return self._factors[name]


def _value(call: AggregateCall) -> pl.Expr | None:
    if call.args:
        return argument(call)
    return None if call.where is None else per_row(lower(call.where))
