"""The weights of rows, of which mostly few are different: a gate has one for each class and size of group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.estimates.moments import Floats
from slac.plan.estimates.totals import Counted, Groups, narrow_sums
from slac.stream.batch import WEIGHT, WEIGHT_ONE

Mask: TypeAlias = npt.NDArray[np.bool_]
MOST: Final = 6
"""To count rows of so many weights costs as much as to add up what their weights make of them."""


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much the weight of each row is greater than one (exact; one number where all rows have the same).

    `levels`: its different values, and the rows that have each; empty where these are many. `all`: how many rows of
    each level a group has.
    """

    rows: Floats
    groups: Groups
    levels: Sequence[tuple[float, Mask]]
    all: Counted | None

    @classmethod
    def of(cls, frame: pl.DataFrame, groups: Groups) -> Excess:
        """Of rows with weights that lie group by group; NULL is the weight of one event."""
        weights = frame[WEIGHT].fill_null(WEIGHT_ONE) if frame[WEIGHT].null_count() else frame[WEIGHT]
        known = weights.to_numpy()
        if len(known) and known.min() == known.max():
            known = known[:1]
        more: Floats = known.astype(np.float64)
        more = more * (1.0 / WEIGHT_ONE) - 1.0
        levels = _levels(more)
        return cls(more, groups, levels, _counted(levels, groups, None))

    def where(self, flags: Mask) -> Floats:
        """0 for all other rows."""
        return np.where(flags, self.rows, 0.0)

    def counted(self, flags: Mask | None = None) -> Counted | None:
        """How many rows of each level a group has, or of those with a flag; None where levels are many."""
        return self.all if flags is None else _counted(self.levels, self.groups, flags)


def _counted(levels: Sequence[tuple[float, Mask]], groups: Groups, flags: Mask | None) -> Counted | None:
    if not levels:
        return None
    rest = groups.lengths if flags is None else narrow_sums(flags, groups)
    times = []
    for _, mask in levels[:-1]:
        times.append(narrow_sums(mask if flags is None else mask & flags, groups))
        rest = rest - times[-1]
    return Counted(np.array([level for level, _ in levels]), [*times, rest])


def _levels(more: Floats) -> Sequence[tuple[float, Mask]]:
    rest = np.ones(len(more), np.bool_)
    found: list[tuple[float, Mask]] = []
    for _ in range(MOST):
        place = int(rest.argmax()) if len(rest) else 0
        if not (len(rest) and rest[place]):
            return found
        mask: Mask = more == more[place]
        found.append((float(more[place]), mask))
        rest ^= mask
    return () if rest.any() else found
