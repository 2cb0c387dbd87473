"""How many distinct values a set of columns has, from what an input's `rate: keys:` declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from slac.plan.expressions import Column, NamedExpr

ASSUMED_KEYS: Final = 1_000
"""Distinct values of a key that nothing is declared for."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Distinct values by set of columns, in the names that the columns have on one stream."""

    counts: Mapping[frozenset[str], int] = field(default_factory=dict)

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

    def renamed(self, columns: tuple[NamedExpr, ...] | None) -> Keys:
        """The same behind a `select`: only columns that pass as they are keep what is known of them."""
        if columns is None:
            return self
        names = {c.expr.name: c.name for c in columns if isinstance(c.expr, Column)}
        kept = {s: n for s, n in self.counts.items() if s <= names.keys()}
        return Keys({frozenset(names[c] for c in s): n for s, n in kept.items()})

    def prefixed(self, alias: str) -> Keys:
        """The same under the names that a join gives to right columns."""
        return Keys({frozenset(f"{alias}.{c}" for c in s): n for s, n in self.counts.items()})

    def __or__(self, other: Keys) -> Keys:
        return Keys({**other.counts, **self.counts})


NO_KEYS: Final = Keys()
"""Nothing is known."""


def declared_keys(keys: Mapping[str, int]) -> Keys:
    """From `{"module, test_case": 4000}`."""
    return Keys({frozenset(c.strip() for c in names.split(",")): n for names, n in keys.items()})
