"""Rows by group and weight: of these pairs, which are few, ordinary sums are made, and only the sums are weighted.

A gate has one weight for each class and size of group, a sampler one for each threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.estimates.totals import Floats, Groups, Longs, Words
from slac.stream.batch import WEIGHT_ONE
from slac.stream.places import sorted_slots

Mask: TypeAlias = npt.NDArray[np.bool_]
_MOST: Final = 16
"""To look for so many different weights one by one takes no longer than to sort all."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """`order`: rows by group and weight. `pairs`: where each group and weight lies in it, and `groups`: each group.

    `slots`: the groups that have rows; `firsts`: the first pair of each. `weights`: the different ones, in multiples of
    2⁻²⁰, and `level`: which of them a pair has.
    """

    order: Longs
    pairs: Groups
    groups: Groups
    slots: Longs
    firsts: Longs
    weights: Words
    level: Longs

    @classmethod
    def of(cls, weights: pl.Series, slots: Longs) -> Weighed:
        """From the weight of each row (NULL is that of one event), and its group; there is one row at least."""
        known = (weights.fill_null(WEIGHT_ONE) if weights.null_count() else weights).to_numpy()
        different, of = _levels(known)
        order, pairs, numbers = _by(slots if of is None else slots * len(different) + of)
        slot, level = np.divmod(numbers, len(different))
        firsts = np.flatnonzero(np.append(True, slot[1:] != slot[:-1]))
        groups = Groups(pairs.starts[firsts], np.add.reduceat(pairs.lengths, firsts))
        return cls(order, pairs, groups, slot[firsts], firsts, different, level)

    def more(self) -> Floats:
        """By how much each different weight is greater than one: exact."""
        return self.weights.astype(np.float64) * (1.0 / WEIGHT_ONE) - 1.0

    def counted(self, flags: Mask | None = None) -> Longs:
        """How many rows each pair has, or of those with a flag (as rows stood)."""
        return (
            self.pairs.lengths
            if flags is None
            else np.add.reduceat(flags[self.order], self.pairs.starts, dtype=np.int64)
        )

    def together(self, pairs: Longs) -> Longs:
        """By group the sums of what is told by pair (the last axis)."""
        return np.add.reduceat(pairs, self.firsts, axis=-1)

    def by_row(self, levels: Floats) -> Floats:
        """Of each row in order, what is told by weight; one number where all have the same."""
        return levels if len(levels) == 1 else np.repeat(levels[self.level], self.pairs.lengths)


def _levels(known: Words) -> tuple[Words, Longs | None]:
    """The different weights, and which one each row has; None where there is only one."""
    found = [known[0]]
    rest = known != known[0]
    of = np.zeros(len(known), np.uint8)
    while rest.any():
        if len(found) == _MOST:
            different, places = np.unique(known, return_inverse=True)
            return different, places
        weight = known[rest.argmax()]
        mine = known == weight
        of |= mine.view(np.uint8) * np.uint8(len(found))
        found.append(weight)
        rest ^= mine
    return np.array(found), of.astype(np.int64) if len(found) > 1 else None


def _by(numbers: Longs) -> tuple[Longs, Groups, Longs]:
    """Rows by number, equal ones as they stood; where each number lies then, and the different ones."""
    order, ordered = sorted_slots(numbers)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return order, Groups(starts, np.diff(starts, append=len(ordered))), ordered[starts].astype(np.int64)
