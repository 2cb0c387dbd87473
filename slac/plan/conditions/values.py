"""Sets of values of one column: unions of intervals, with or without NULL.

A bound is a cut between values: `(0, v, 0)` lies just before v, `(0, v, 1)` just behind it, so that open and closed
ends, points and gaps are all pairs of cuts. Over integers every cut is brought before an integer, so that
`x > 1 AND x < 2` is seen to be empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from slac.stream.types import AnyType, Bool, Duration, Float, Int, String, Timestamp

Cut: TypeAlias = tuple[Any, ...]
Span: TypeAlias = tuple[Cut, Cut]

BOTTOM: Final[Cut] = (-1,)
TOP: Final[Cut] = (1,)


@dataclass(frozen=True, slots=True)
class ValueSet:
    """Sorted disjoint spans of values, and whether NULL belongs to the set."""

    spans: tuple[Span, ...] = ()
    null: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is in the set, not even NULL."""
        return not self.spans and not self.null

    @property
    def single(self) -> bool:
        """Whether exactly one value is in the set, and not NULL."""
        return len(self.spans) == 1 and not self.null and self.spans[0][0][:2] == self.spans[0][1][:2]

    def union(self, other: ValueSet) -> ValueSet:
        """What is in either set."""
        merged: list[Span] = []
        for low, high in sorted((*self.spans, *other.spans)):
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        return ValueSet(tuple(merged), self.null or other.null)

    def intersection(self, other: ValueSet) -> ValueSet:
        """What is in both sets."""
        pairs = [(max(a[0], b[0]), min(a[1], b[1])) for a in self.spans for b in other.spans]
        return ValueSet(tuple(sorted(p for p in pairs if p[0] < p[1])), self.null and other.null)


@dataclass(frozen=True, slots=True)
class Domain:
    """All values that a column of some type can have, NULL apart."""

    whole: ValueSet
    discrete: bool

    def below(self, value: Any, *, closed: bool) -> ValueSet:
        """Values less than (or, `closed`, equal to) `value`."""
        return self._inside(BOTTOM, self._cut(value, behind=closed))

    def above(self, value: Any, *, closed: bool) -> ValueSet:
        """Values greater than (or, `closed`, equal to) `value`."""
        return self._inside(self._cut(value, behind=not closed), TOP)

    def point(self, value: Any) -> ValueSet:
        """The value alone; nothing where no value of the domain equals it."""
        return self._inside(self._cut(value, behind=False), self._cut(value, behind=True))

    def complement(self, values: ValueSet) -> ValueSet:
        """All values of the domain that are not in `values`; NULL changes sides too."""
        ends = [cut for span in values.spans for cut in span]
        gaps = zip([BOTTOM, *ends[1::2]], [*ends[0::2], TOP], strict=True)
        spans = ValueSet(tuple(g for g in gaps if g[0] < g[1])).intersection(self.whole).spans
        return ValueSet(spans, null=not values.null)

    def _inside(self, low: Cut, high: Cut) -> ValueSet:
        return ValueSet(((low, high),) if low < high else ()).intersection(self.whole)

    def _cut(self, value: Any, *, behind: bool) -> Cut:
        if not self.discrete:
            return (0, value, int(behind))
        if isinstance(value, float) and math.isinf(value):
            return TOP if value > 0 else BOTTOM
        return (0, math.floor(value) + 1 if behind else math.ceil(value), 0)


_LINE: Final = ValueSet(((BOTTOM, TOP),))


def domain_of(dtype: AnyType) -> Domain | None:
    """The values of a type; None for a type whose values are not compared."""
    match dtype:
        case Bool():
            return Domain(ValueSet((((0, 0, 0), (0, 2, 0)),)), discrete=True)
        case Int() | Duration() | Timestamp():
            return Domain(_LINE, discrete=True)
        case Float() | String():
            return Domain(_LINE, discrete=False)
        case _:
            return None


def example(values: ValueSet, dtype: AnyType) -> bool | int | float | str | None:
    """One value of a set, a plain one where there is a choice; None where the set is empty or none is easily named."""
    for low, high in values.spans:
        found = _inside(low, high, dtype)
        if found is not None:
            return found
    return None


def _inside(low: Cut, high: Cut, dtype: AnyType) -> bool | int | float | str | None:
    match dtype:
        case Bool():
            return bool(low[1])
        case Int() | Duration() | Timestamp():
            return int(low[1]) if low != BOTTOM else int(high[1]) - 1 if high != TOP else 0
        case Float():
            return _number(low, high)
        case String():
            # A closed end is a text that can be named; between two texts there are many, none of them telling.
            return str(low[1]) if low not in (BOTTOM, TOP) and low[2] == 0 else None
        case _:
            return None


def _number(low: Cut, high: Cut) -> float:
    if low == BOTTOM or high == TOP:
        return 0.0 if low == BOTTOM and high == TOP else float(high[1]) - 1 if low == BOTTOM else float(low[1]) + low[2]
    return float(low[1]) if low[2] == 0 else (float(low[1]) + float(high[1])) / 2
