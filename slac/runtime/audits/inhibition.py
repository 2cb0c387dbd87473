"""Whether another audit silences a key: its verdict on the same key, or on the part of it that both share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.slots import Longs, Slots
from slac.stream.batch import ID, TIME

BY, QUIET = "inhibitor", "quiet"
"""Columns by slot: the slot of the other audit's key (−1: not known yet), and whether it is VIOLATED (1) or not (0)."""
_VIOLATED: Final = "violated"
_BLANK: Final = {BY: -1, QUIET: 0}


class Inhibition:
    """The verdicts of the other audit by its key, `keys`, and what they mean for the slots of this one."""

    def __init__(self, keys: tuple[str, ...], types: dict[str, pl.DataType], slots: Slots) -> None:
        self._keys = keys
        self._slots = slots
        self._others = Slots({k: types[k] for k in keys}, {_VIOLATED: 0})
        self.held = HeldRows()
        slots.add(_BLANK)

    def hold(self, frame: pl.DataFrame) -> None:
        """Hold reports of the other audit until the watermark has passed them."""
        violated = (pl.col("verdict") == "VIOLATED").cast(pl.Int64).alias(_VIOLATED)
        self.held.add(frame.select(TIME, ID, *self._keys, violated))

    def attach(self, slots: Longs) -> None:
        """Slots that may be new are told who silences them."""
        fresh = np.unique(slots[self._slots[BY][slots] < 0])
        if len(fresh):
            keys = self._slots.keys_of(fresh) if self._keys else pl.DataFrame({AT: fresh})
            others = self._others.find(keys)
            self._slots[BY][fresh] = others
            self._slots[QUIET][fresh] = self._others[_VIOLATED][others]

    def forget(self, slots: Longs) -> None:
        """These slots hold no key any more."""
        self._slots.reset(slots, _BLANK)

    def changes(self, rows: pl.DataFrame | None) -> Iterator[tuple[int, Longs, Longs]]:
        """Instants at which reports came, ascending, with the slots of their keys and the verdicts, each key once."""
        if rows is None:
            return
        others = pl.Series("other", self._others.find(rows), pl.Int64)
        last = rows.select(AT, others, _VIOLATED).unique([AT, "other"], keep="last", maintain_order=True)
        for part in last.partition_by(AT, maintain_order=True):
            yield int(part[AT][0]), part["other"].to_numpy(), part[_VIOLATED].to_numpy()

    def apply(self, others: Longs, violated: int) -> Longs:
        """Take over a verdict; returns the slots that are silenced no more."""
        self._others[_VIOLATED][others] = violated
        by, quiet = self._slots[BY], self._slots[QUIET]
        known = np.flatnonzero(by >= 0)
        now = self._others[_VIOLATED][by[known]]
        ended: Longs = known[(quiet[known] == 1) & (now == 0)]
        quiet[known] = now
        return ended

    def frame(self) -> pl.DataFrame:
        """The verdicts, for a snapshot."""
        return self._others.frame()

    def restore(self, verdicts: pl.DataFrame, held: pl.DataFrame | None) -> None:
        """Take over a snapshot."""
        self._others.restore(verdicts)
        if held is not None:
            self.held.add(held)
