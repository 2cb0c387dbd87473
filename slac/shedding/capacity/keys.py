"""How many distinct values a set of columns has, from what an input's `rate: keys:` declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from slac.plan.expressions import AnyExpr, Call, Column, Literal, NamedExpr

ASSUMED_KEYS: Final = 1_000
"""Distinct values of a key that nothing is declared for."""
MOST_RANKS: Final = 100_000
"""Values of which each has a frequency of its own."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keys:
    """Distinct values by set of columns, in the names that the columns have on one stream, and how uneven they are."""

    counts: Mapping[frozenset[str], int] = field(default_factory=dict)
    skews: Mapping[frozenset[str], float] = field(default_factory=dict)

    def count(self, columns: Iterable[str]) -> tuple[int, bool]:
        """Distinct values of `columns`, and whether that follows from what is declared.

        An exact declaration counts; else the product of the parts that cover it, bounded by any larger set.
        """
        wanted = frozenset(columns)
        if not wanted:
            return 1, True
        if wanted in self.counts:
            return self.counts[wanted], True
        bounds = [n for names, n in self.counts.items() if names > wanted]
        parts = [self.counts.get(frozenset({c})) for c in wanted]
        if all(parts):
            product = 1
            for part in parts:
                product *= part or 1
            bounds.append(product)
        return (min(bounds), True) if bounds else (ASSUMED_KEYS, False)

    def largest(self, columns: Iterable[str]) -> float:
        """The share of rows that have the most frequent value of `columns`."""
        wanted = frozenset(columns)
        count, _ = self.count(wanted)
        skew = self.skews.get(wanted, 0.0)
        return float(1.0 / _weights(count, skew).sum()) if skew else 1.0 / count

    def met(self, columns: Iterable[str], rows: float) -> float:
        """How many distinct values so many rows have, in the mean: fewer than both, where they are uneven."""
        wanted = frozenset(columns)
        count, _ = self.count(wanted)
        skew = self.skews.get(wanted, 0.0)
        if not skew:
            return min(float(count), rows)
        weights = _weights(count, skew)
        return float((1.0 - np.exp(-rows * weights / weights.sum())).sum())

    def renamed(self, columns: tuple[NamedExpr, ...] | None) -> Keys:
        """The same behind a `select`: only columns that pass keep what is known of them."""
        if columns is None:
            return self
        names = {source.name: c.name for c in columns if (source := _passed(c.expr)) is not None}

        def under(what: Mapping[frozenset[str], T]) -> dict[frozenset[str], T]:
            return {frozenset(names[c] for c in s): n for s, n in what.items() if s <= names.keys()}

        return Keys(under(self.counts), under(self.skews))

    def prefixed(self, alias: str) -> Keys:
        """The same under the names that a join gives to right columns."""

        def under(what: Mapping[frozenset[str], T]) -> dict[frozenset[str], T]:
            return {frozenset(f"{alias}.{c}" for c in s): n for s, n in what.items()}

        return Keys(under(self.counts), under(self.skews))

    def __or__(self, other: Keys) -> Keys:
        return Keys({**other.counts, **self.counts}, {**other.skews, **self.skews})


NO_KEYS: Final = Keys()
"""Nothing is known."""


def declared_keys(keys: Mapping[str, int], skew: Mapping[str, float] | None = None) -> Keys:
    """From `{"module, test_case": 4000}`, and Zipf's exponents in the same form."""
    return Keys(_by_set(keys), _by_set(skew or {}))


def _passed(expr: AnyExpr) -> Column | None:
    """The column whose values `expr` has: as it is, or with a constant in place of NULL."""
    match expr:
        case Column():
            return expr
        case Call(function="coalesce", args=(Column() as column, Literal())):
            return column
        case _:
            return None


def _by_set(what: Mapping[str, T]) -> dict[frozenset[str], T]:
    return {frozenset(c.strip() for c in names.split(",")): n for names, n in what.items()}


def _weights(count: int, skew: float) -> npt.NDArray[np.float64]:
    """Zipf's law over `count` values; of very many, the tail is as even as the last that is looked at."""
    ranks = np.arange(1, min(count, MOST_RANKS) + 1, dtype=np.float64)
    weights = ranks**-skew
    if count > MOST_RANKS:
        weights = np.concatenate([weights, np.full(count - MOST_RANKS, weights[-1])])
    return weights
