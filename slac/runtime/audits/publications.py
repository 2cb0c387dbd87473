"""What was published in one pass, as columns: gathered piece by piece, told in the end as one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from slac.runtime.audits.slots import SLOT, Longs

INITIAL, CHANGE, STAY, SCHEDULED, CALM, RELEASED, FORGOTTEN, ENDED = range(8)
KINDS: Final = ("initial", "change", "stay", "scheduled", "calm", "released", "forgotten")
"""Names of the kinds that leave; ENDED only ends the period of a key that has never published."""

TIME, KIND, STATE, PREVIOUS, SINCE, START, ORDER = "time", "kind", "state", "previous", "since", "start", "_order"
FLAPPING, CHANGES, ROW, DOUBTED = "flapping", "changes", "row", "doubt"
PUBLICATION: Final = "_publication"
"""Column (Int64) of the row number of a publication in the table; −1 is none."""
_COLUMNS: Final = (SLOT, TIME, KIND, STATE, PREVIOUS, SINCE, START, FLAPPING, CHANGES, ROW, DOUBTED)


@dataclass(slots=True)
class Publications:
    """Pieces of the columns slot, time, kind, state, previous (−1: none), since, start of period (BEGINNING: none).

    Then whether the key flaps, how many changes of state there were in the period, the number of the row that made
    it, from 1 on (0 where nobody says), and whether the last row left the state open.
    """

    _pieces: list[tuple[Longs, ...]] = field(default_factory=list)

    def add(self, slots: Longs, **columns: Any) -> None:
        """Publications of some slots: arrays or single values by column name; those of one slot in their order."""
        if len(slots):
            given = [np.broadcast_to(np.asarray(columns.get(c, 0), np.int64), slots.shape) for c in _COLUMNS[1:]]
            self._pieces.append((slots, *given))

    def table(self) -> pl.DataFrame | None:
        """All of them, sorted by slot, time and order within the slot; None where there are none."""
        if not self._pieces:
            return None
        arrays = [np.concatenate(column) for column in zip(*self._pieces, strict=True)]
        frame = pl.DataFrame([pl.Series(n, a, pl.Int64) for n, a in zip(_COLUMNS, arrays, strict=True)])
        return frame.with_row_index(ORDER).sort(SLOT, TIME, ORDER)


class Periods:
    """Which publication of a table each row belongs to: the first of its key that is not before it."""

    def __init__(self, table: pl.DataFrame | None) -> None:
        self._by_time: pl.DataFrame | None = None
        self._slots = np.empty(0, np.int64)
        self._first = np.empty(0, np.int64)
        if table is not None:
            numbered = table.select(SLOT, TIME, pl.int_range(pl.len(), dtype=pl.Int64).alias(PUBLICATION))
            # Of two publications at one instant the first takes all rows: the period of the second is empty.
            once = numbered.unique([SLOT, TIME], keep="first", maintain_order=True)
            first = numbered.unique(SLOT, keep="first", maintain_order=True)
            self._by_time = once.sort(TIME)
            self._slots, self._first = first[SLOT].to_numpy(), first[PUBLICATION].to_numpy()

    @property
    def slots(self) -> Longs:
        """The slots that publish, ascending."""
        return self._slots

    def of(self, slots: Longs, times: Longs) -> Longs:
        """The publication of each row; rows ascend in time; −1 where none is left."""
        if self._by_time is None:
            return np.full(len(slots), -1, np.int64)
        rows = pl.DataFrame([pl.Series(SLOT, slots, pl.Int64), pl.Series(TIME, times, pl.Int64)])
        joined = rows.join_asof(self._by_time, on=TIME, by=SLOT, strategy="forward", check_sortedness=False)
        return joined[PUBLICATION].fill_null(-1).to_numpy()

    def first_of(self, slots: Longs) -> Longs:
        """The first publication of each slot, for what was pending before the pass; −1 where it has none."""
        if not len(self._slots):
            return np.full(len(slots), -1, np.int64)
        at = np.minimum(np.searchsorted(self._slots, slots), len(self._slots) - 1)
        return np.where(self._slots[at] == slots, self._first[at], -1)
