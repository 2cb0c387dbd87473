"""Rows with weights that wait for one another: what it costs at any size to add them up is spent on many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from slac.plan.estimates.totals import Groups
from slac.runtime.keyed.grouping import Longs
from slac.stream.places import sorted_slots


@dataclass(frozen=True, slots=True)
class Order:
    """Which rows stand where once they lie slot by slot, and the slots that have any."""

    rows: Longs
    slots: Longs
    groups: Groups

    @classmethod
    def of(cls, slots: Longs) -> Order:
        """Of rows of these slots."""
        rows, ordered = sorted_slots(slots)
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        return cls(rows, ordered[starts].astype(np.int64), Groups(starts, np.diff(starts, append=len(ordered))))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What rows add, and the slot of each."""

    rows: pl.DataFrame
    slots: Longs


@dataclass(slots=True)
class Later:
    """Rows of one pane, in the order in which they came."""

    height: int = 0
    _waiting: list[Waiting] = field(default_factory=list)

    def add(self, rows: pl.DataFrame, slots: Longs) -> None:
        """Let these wait."""
        self._waiting.append(Waiting(rows, slots))
        self.height += len(slots)

    def taken(self) -> Waiting | None:
        """All of them, as one; None where there are none. They wait no longer."""
        waiting, self._waiting, self.height = self._waiting, [], 0
        if len(waiting) <= 1:
            return waiting[0] if waiting else None
        return Waiting(_joined([w.rows for w in waiting]), np.concatenate([w.slots for w in waiting]))


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Some have counts of gates, others have none."""
    if all(frame.columns == frames[0].columns for frame in frames):
        return pl.concat(frames, rechunk=True)
    return pl.concat(frames, how="diagonal", rechunk=True)
