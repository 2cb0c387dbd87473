"""Hashes → slots: a table of open addressing in NumPy, in which a whole batch looks at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from slac.runtime.keyed.grouping import Longs

Hashes = npt.NDArray[np.uint64]

_EMPTY: Final = -1
_LARGE: Final = 1 << 18
"""Entries of a table that is too large to be mostly empty."""
_SPARSE: Final = 128
"""Entries a slot in one that is not: nearly every key stands where it is looked for first."""
_FEW: Final = 2048
"""Of so many keys mostly all do so, with one of `_TRIES` ways to spread them."""
_TRIES: Final = 16
_LEAST: Final = 10
"""Bits of the smallest table."""
AT_ONCE: Final = 1 << 14
"""Arrays of so many numbers stay in the cache: in such parts, long columns are worked through twice as fast."""
_SPREAD: Final = 0x9E3779B97F4A7C15


class SlotTable:
    """One entry a slot; a hash may stand there more than once. Half of the entries are free, of a small table most."""

    def __init__(self) -> None:
        self._hashes: Hashes = np.zeros(1 << _LEAST, np.uint64)
        self._held = 0
        self._spread = np.uint64(_SPREAD)
        self._clear(_LEAST)

    def begin(self, hashes: Hashes) -> Longs:
        """Where each hash is looked for first."""
        first = hashes * self._spread
        first >>= self._shift
        return first.view(np.int64)

    def first(self, hashes: Hashes) -> Longs:
        """What stands where each hash is looked for first: mostly its slot; less than 0 where there is none."""
        slots = np.empty(len(hashes), np.int64)
        for start in range(0, len(hashes), AT_ONCE):
            slots[start : start + AT_ONCE] = self._entries.take(self.begin(hashes[start : start + AT_ONCE]))
        return slots

    def find(self, hashes: Hashes, at: Longs) -> Longs:
        """The first slot with each hash from the entry `at` on, which moves there; −1 where there is none."""
        at &= self._mask
        slots = self._entries[at].astype(np.int64)
        ahead = self._others(slots, hashes)
        while len(ahead):
            moved = (at[ahead] + 1) & self._mask
            at[ahead] = moved
            found = self._entries[moved].astype(np.int64)
            slots[ahead] = found
            ahead = ahead[self._others(found, hashes[ahead])]
        return slots

    def add(self, hashes: Hashes, slots: Longs) -> None:
        """Slots that are new, with their hashes."""
        if not len(slots):
            return
        size = int(slots.max()) + 1
        if size > len(self._hashes):
            grown = np.zeros(max(size, 2 * len(self._hashes)), np.uint64)
            grown[: len(self._hashes)] = self._hashes
            self._hashes = grown
        self._hashes[slots] = hashes
        self._held += len(slots)
        sparse = _SPARSE if len(self._entries) < _LARGE else 2
        if sparse * self._held > len(self._entries):
            slots = np.concatenate([self._entries[self._entries >= 0].astype(np.int64), slots])
            bits = min((2 * _SPARSE * self._held - 1).bit_length(), _LARGE.bit_length() - 1)
            self._clear(max(_LEAST, bits, (3 * self._held).bit_length()))
            self._choose(self._hashes[slots])
        self._enter(slots)

    def remove(self, slots: Longs) -> None:
        """Forget slots that are there. Those that stand behind them are entered anew, so that nothing else stays."""
        hashes = self._hashes[slots]
        at = self.begin(hashes)
        ahead = np.arange(len(slots))
        while len(ahead):
            ahead = ahead[self._entries[at[ahead]] != slots[ahead]]
            at[ahead] = (at[ahead] + 1) & self._mask
        self._entries[at] = _EMPTY
        self._held -= len(slots)
        behind: list[Longs] = []
        while len(at):
            at = (at + 1) & self._mask
            found = self._entries[at]
            is_held = found != _EMPTY
            at = at[is_held]
            self._entries[at] = _EMPTY
            behind.append(found[is_held].astype(np.int64))
        self._enter(np.concatenate([slots[:0], *behind]))

    def _others(self, slots: Longs, hashes: Hashes) -> Longs:
        """Where one has to look further: something stands there, but not this hash."""
        # Mostly all are found. What is less than 0 leads to the hash of some other slot, which says nothing.
        rows: Longs = np.flatnonzero(self._hashes[slots] != hashes)
        found: Longs = rows[slots[rows] != _EMPTY]
        return found

    def _clear(self, bits: int) -> None:
        self._entries = np.full(1 << bits, _EMPTY, np.int32)
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1

    def _choose(self, hashes: Hashes) -> None:
        """A way to spread few keys in which no two of them are looked for in one place, if it is found soon."""
        if len(hashes) > _FEW:
            return
        fewest = len(hashes)
        for number in range(_TRIES):
            tried = np.uint64((_SPREAD + 2 * number * _SPREAD) & 0xFFFF_FFFF_FFFF_FFFF)
            alike = len(hashes) - len(np.unique((hashes * tried) >> self._shift))
            if alike < fewest:
                fewest, self._spread = alike, tried
            if not alike:
                return

    def _enter(self, slots: Longs) -> None:
        at = self.begin(self._hashes[slots])
        ahead = np.arange(len(slots))
        while len(ahead):
            places, mine = at[ahead], slots[ahead]
            free = self._entries[places] == _EMPTY
            self._entries[places[free]] = mine[free]
            # Of those that wanted one entry the last one has it.
            ahead = ahead[self._entries[places] != mine]
            at[ahead] = (at[ahead] + 1) & self._mask
