"""Whether another audit silences a key: its verdict on the same key, or on the part of it that both share.

A verdict is looked up once for each of the other audit's keys that is VIOLATED or has slots here; all others are
forgotten. The slots of one of them are chained, so that a verdict costs what it concerns, however many keys are held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.slots import SLOT, Longs, Slots
from slac.stream.batch import ID, TIME

BY, QUIET = "inhibitor", "quiet"
"""Columns by slot: the slot of the other audit's key (−1: not known yet), and whether it is VIOLATED (1) or not (0)."""
_NEXT, _BEFORE, _HEAD = "inhibited_next", "inhibited_before", "head"
"""The chain of the slots of one of the other's keys: neighbours by slot, the first by the other's slot; −1: none."""
_VIOLATED: Final = "violated"
_OVER: Final = "_over"
"""Column (Bool): a key is forgotten; of the reports of one instant that is the last, whatever their ids."""
_BLANK: Final = {BY: -1, QUIET: 0, _NEXT: -1, _BEFORE: -1}


class Inhibition:
    """The verdicts of the other audit by its key, `keys`, and what they mean for the slots of this one."""

    def __init__(self, keys: tuple[str, ...], types: dict[str, pl.DataType], slots: Slots) -> None:
        self._keys = keys
        self._slots = slots
        self._others = Slots({k: types[k] for k in keys}, {_VIOLATED: 0, _HEAD: -1})
        self.held = HeldRows()
        slots.add(_BLANK)

    def __len__(self) -> int:
        """Keys of the other audit that are held."""
        return len(self._others)

    def hold(self, frame: pl.DataFrame) -> None:
        """Hold reports of the other audit until the watermark has passed them."""
        violated = (pl.col("verdict") == "VIOLATED").cast(pl.Int64).alias(_VIOLATED)
        self.held.add(frame.select(TIME, ID, *self._keys, violated, (pl.col("kind") == "forgotten").alias(_OVER)))

    def attach(self, slots: Longs) -> None:
        """Slots that may be new are told who silences them."""
        fresh = np.unique(slots[self._slots[BY][slots] < 0])
        if len(fresh):
            keys = self._slots.keys_of(fresh) if self._keys else pl.DataFrame({AT: fresh})
            others = self._others.find(keys)
            self._slots[BY][fresh] = others
            self._slots[QUIET][fresh] = self._others[_VIOLATED][others]
            self._chain(fresh, others)

    def forget(self, slots: Longs) -> None:
        """These slots hold no key any more."""
        following, before, head = self._slots[_NEXT], self._slots[_BEFORE], self._others[_HEAD]
        known = slots[self._slots[BY][slots] >= 0]
        others = self._slots[BY][known]
        for slot, other in zip(known.tolist(), others.tolist(), strict=True):
            ahead, behind = before[slot], following[slot]
            if ahead >= 0:
                following[ahead] = behind
            else:
                head[other] = behind
            if behind >= 0:
                before[behind] = ahead
        self._slots.reset(slots, _BLANK)
        self._prune(np.unique(others))

    def changes(self, rows: pl.DataFrame | None) -> Iterator[tuple[int, Longs, Longs]]:
        """Instants at which reports came, ascending, with the slots of their keys and the verdicts, each key once."""
        if rows is None:
            return
        for part in rows.partition_by(AT, maintain_order=True):
            others = pl.Series(SLOT, self._others.find(part), pl.Int64)
            last = part.select(others, _VIOLATED, _OVER).sort(_OVER, maintain_order=True)
            last = last.unique(SLOT, keep="last", maintain_order=True)
            yield int(part[AT][0]), last[SLOT].to_numpy(), last[_VIOLATED].to_numpy()

    def apply(self, others: Longs, violated: int) -> Longs:
        """Take over a verdict; returns the slots that are silenced no more."""
        self._others[_VIOLATED][others] = violated
        mine = self._members(others)
        quiet = self._slots[QUIET]
        ended: Longs = mine[quiet[mine] == 1] if violated == 0 else mine[:0]
        quiet[mine] = violated
        if violated == 0:
            self._prune(others)
        return ended

    def frame(self) -> pl.DataFrame:
        """The verdicts, for a snapshot."""
        return self._others.frame()

    def restore(self, verdicts: pl.DataFrame, held: pl.DataFrame | None) -> None:
        """Take over a snapshot."""
        self._others.restore(verdicts)
        self._others.reset(self._others.used(), (_HEAD,))
        slots = self._slots.used()
        self._slots.reset(slots, (_NEXT, _BEFORE))
        known = slots[self._slots[BY][slots] >= 0]
        self._chain(known, self._slots[BY][known])
        if held is not None:
            self.held.add(held)

    def graft(self, keys: pl.DataFrame, verdicts: pl.DataFrame, slots: Longs) -> None:
        """Take over what `frame` of another one says of these keys, to which these slots belong now."""
        if self._keys:
            mine = keys.select(self._keys).unique()
            told = mine.join(verdicts, on=list(self._keys), how="left", nulls_equal=True, maintain_order="left")
            others = self._others.find(told)
            self._others[_VIOLATED][others] = told[f"_s.{_VIOLATED}"].fill_null(0).to_numpy()
        else:
            others = self._others.find(pl.DataFrame({AT: [0]}))
            self._others[_VIOLATED][others] = verdicts[f"_s.{_VIOLATED}"].to_numpy()[:1] if verdicts.height else 0
        self._slots.reset(slots, _BLANK)
        self.attach(slots)
        self._prune(others)

    def _chain(self, slots: Longs, others: Longs) -> None:
        """Put slots at the heads of the chains of others."""
        following, before, head = self._slots[_NEXT], self._slots[_BEFORE], self._others[_HEAD]
        for slot, other in zip(slots.tolist(), others.tolist(), strict=True):
            first = head[other]
            following[slot], head[other] = first, slot
            if first >= 0:
                before[first] = slot

    def _members(self, others: Longs) -> Longs:
        following, found = self._slots[_NEXT], []
        for head in self._others[_HEAD][others].tolist():
            slot = head
            while slot >= 0:
                found.append(slot)
                slot = int(following[slot])
        return np.array(sorted(found), np.int64)

    def _prune(self, others: Longs) -> None:
        """Forget those that are not VIOLATED and have no slots here."""
        gone = others[(self._others[_VIOLATED][others] == 0) & (self._others[_HEAD][others] < 0)]
        self._others.reset(gone, (_VIOLATED, _HEAD))
        self._others.free(gone)
