"""Traces that have ended, so that what comes later is known to be a fragment: a hash and a time each."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.runtime.operator import BEGINNING
from slac.runtime.traces.groups import Hashes, Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.near import Near
from slac.stream.ids import hash_columns

_GATHER: Final = 2
_FEW: Final = 4096
_HANDFUL: Final = 256
_SPARSE: Final = 16
"""Marks a key: few others have one by chance."""


class Ended:
    """Sorted runs of (hash, time of the end), few of them: those of one size are merged.

    Keys that are integers and lie close together are known as such (`near.py`): who gives `numbers` gives them always.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Longs]] = []
        self._near = Near()
        self._crowded = _FEW

    def __len__(self) -> int:
        return len(self._near) + sum(len(h) for h, _ in self._runs)

    def latest(self, keys: Hashes, numbers: Longs | None = None) -> Longs:
        """When the last trace of each key ended; the beginning of time for a key that is not known."""
        found = np.full(len(keys), BEGINNING) if numbers is None else self._near.latest(numbers)
        if not self._runs:
            return found
        if len(keys) <= _HANDFUL:
            for hashes, times in self._runs:
                place = hashes.searchsorted(keys)
                hit = hashes.take(place, mode="clip") == keys
                if hit.any():
                    found[hit] = np.maximum(found[hit], times[place[hit]])
            return found
        # In order they are looked up side by side, which a cache rewards.
        order = _order(keys)
        keys = keys.take(order)
        for hashes, times in self._runs:
            place = np.minimum(np.searchsorted(hashes, keys), len(hashes) - 1)
            hit = np.flatnonzero(hashes[place] == keys)
            if len(hit):
                at = order[hit]
                found[at] = np.maximum(found[at], times[place[hit]])
        return found

    def add(self, keys: Hashes, times: Longs, numbers: Longs | None = None) -> None:
        """Traces that ended; a key may stand several times."""
        if len(keys) and (numbers is None or not self._near.add(numbers, times)):
            self._runs.append(_sorted(keys, times, _order(keys)))
            while len(self._runs) > 1 and len(self._runs[-2][0]) <= _GATHER * len(self._runs[-1][0]):
                below, above = self._runs[-2:]
                both, ended = (np.concatenate(pair) for pair in zip(below, above, strict=True))
                # Two runs behind one another are merged fastest by a stable sort.
                self._runs[-2:] = [_sorted(both, ended, np.argsort(both, kind="stable"))]

    def forget(self, before: int) -> None:
        """Forget what ended before, once as much has come as was left the last time."""
        if len(self) < self._crowded:
            return
        self._near.forget(before)
        kept = [(h[t >= before], t[t >= before]) for h, t in self._runs]
        self._runs = [(h, t) for h, t in kept if len(h)]
        self._crowded = _FEW + 2 * len(self)

    def frame(self) -> pl.DataFrame:
        """All that is known, for a snapshot: by the hashes of keys, however they are known."""
        numbers, ended = self._near.known()
        runs = [*self._runs, (hash_columns(pl.DataFrame({"key": numbers}), ["key"], 0).to_numpy(), ended)]
        keys, times = (np.concatenate(part) for part in zip(*runs, strict=True))
        return pl.DataFrame({"key": keys, "ended": times})

    def restore(self, frame: pl.DataFrame) -> None:
        """Take over what `frame` gave."""
        self._runs, self._near = [], Near()
        self.add(frame["key"].to_numpy(), frame["ended"].to_numpy())


def meeting(keys: Hashes, hashes: Hashes) -> Longs:
    """Of each of some keys, where it stands among many hashes, each once; −1 where it does not."""
    bits = min(max((_SPARSE * len(keys)).bit_length(), 10), 24)
    marked = np.zeros(1 << bits, np.bool_)
    shift = np.uint64(64 - bits)
    marked[(keys >> shift).view(np.int64)] = True
    near = np.flatnonzero(marked.take((hashes >> shift).view(np.int64)))
    if not len(near):
        return np.full(len(keys), NO_ROW)
    order = near[np.argsort(hashes[near])]
    place = np.minimum(np.searchsorted(hashes[order], keys), len(order) - 1)
    found = order[place]
    return np.where(hashes[found] == keys, found, NO_ROW)


def _order(keys: Hashes) -> Longs:
    """Where the lowest, the next, … of some keys stand.

    The first bits of a key and its place are one number, because values are sorted several times as fast as places.
    """
    bits = np.uint64(max(len(keys) - 1, 1).bit_length())
    numbers = keys >> bits
    numbers <<= bits
    numbers |= np.arange(len(keys), dtype=np.uint64)
    numbers.sort()
    first = numbers >> bits
    if (first[1:] == first[:-1]).any():
        # By chance, or because a key stands there twice.
        return np.argsort(keys, kind="stable")
    numbers &= np.uint64((1 << int(bits)) - 1)
    return numbers.view(np.int64)


def _sorted(keys: Hashes, times: Longs, order: Longs) -> tuple[Hashes, Longs]:
    """By key, with the latest time of each."""
    keys, times = keys.take(order), times.take(order)
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    if first.all():
        return keys, times
    begin = np.flatnonzero(first)
    return keys[begin], np.maximum.reduceat(times, begin)
