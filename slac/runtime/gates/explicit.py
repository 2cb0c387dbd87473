"""The randomness of traces whose spans say it themselves (`rv`): what is made of a trace knows its key, and not more.

So the gate remembers it, for as long as results can look back, and who judges results asks here.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.stream.ids import Ids

MOST: Final = 1 << 18
"""So many traces are remembered at most; of more, those that were seen last."""
_FEW: Final = 4096

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Explicit:
    """R by the hash of a key (64 bits). `reach`: it is known for so long (µs of event time) after the key was seen."""

    def __init__(self) -> None:
        self.reach = 0
        self._keys = np.empty(0, np.uint64)
        self._values = np.empty(0, np.uint64)
        self._times = np.empty(0, np.int64)
        self._new: list[tuple[Ids, Ids, Longs]] = []

    def __bool__(self) -> bool:
        return bool(len(self._keys) or self._new)

    def see(self, keys: Ids, values: Ids, times: Longs) -> None:
        """Rows that say it, in any order."""
        if len(keys):
            self._new.append((keys, values, times))
            if sum(len(k) for k, _, _ in self._new) > max(_FEW, len(self._keys) // 2):
                self._settle()

    def over(self, keys: Ids, randomness: Ids) -> Ids:
        """The randomness of keys, with what was said in place of what would follow from the key."""
        self._settle()
        if not len(self._keys):
            return randomness
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, self._values[places], randomness)

    def snapshot(self) -> Sequence[str]:
        """What `restore` needs, JSON-able."""
        self._settle()
        return [_packed(a.view(np.uint64)) for a in (self._keys, self._values, self._times)]

    def restore(self, state: Sequence[str]) -> None:
        """Take over a snapshot."""
        self._keys, self._values, times = (_unpacked(text) for text in state)
        self._times, self._new = times.view(np.int64), []

    def _settle(self) -> None:
        """The latest of each key, in the order of keys."""
        if not self._new:
            return
        several = [(self._keys, self._values, self._times), *self._new]
        keys, values, times = (np.concatenate(parts) for parts in zip(*several, strict=True))
        order = np.lexsort((values, times, keys))
        keys, values, times = keys[order], values[order], times[order]
        stays: Mask = np.append(keys[1:] != keys[:-1], True)
        stays &= times >= times.max() - self.reach
        if int(stays.sum()) > MOST:
            stays &= times >= np.partition(times[stays], -MOST)[-MOST]
        self._keys, self._values, self._times = keys[stays], values[stays], times[stays]
        self._new = []


def _packed(numbers: Ids) -> str:
    return base64.b64encode(zlib.compress(numbers.tobytes(), 1)).decode()


def _unpacked(text: str) -> Ids:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint64)
