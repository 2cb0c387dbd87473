"""Whole keys: the randomness of each, the threshold that holds at each event time, and who shares it.

OpenTelemetry's rule: R is the low 56 bits of a trace id, else 56 bits of a stable hash of the key, the same at every
gate and in every instance; a key is kept iff R ≥ T. So what an upstream sampler of traces keeps at a higher T is kept
here too, and what gates of one pattern keep is the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.shedding.admission import KEY_BITS, KEY_RANGE, key_threshold
from slac.stream.batch import WEIGHT_ONE
from slac.stream.ids import Ids, hash_columns, splitmix64
from slac.stream.tracestate import of_trace_ids

KEPT: Final = 1024
"""Thresholds that are remembered: events and results are judged by those of their times, as far as these are known."""
_MASK: Final = np.uint64(KEY_RANGE - 1)
_SALT: Final = 0x7365_6564

Times = npt.NDArray[np.int64]
Weights = npt.NDArray[np.uint64]


def key_hashes(frame: pl.DataFrame, columns: Sequence[str]) -> Ids:
    """The same number, of 64 bits, wherever a key stands."""
    hashed: Ids = hash_columns(frame, columns, _SALT).to_numpy()
    return hashed


def randomness(frame: pl.DataFrame, columns: Sequence[str], *, trace: bool) -> Ids:
    """R of each row: 56 bits."""
    hashed = key_hashes(frame, columns) & _MASK
    if not trace:
        return hashed
    own, known = of_trace_ids(frame[columns[0]].cast(pl.String))
    return np.where(known, own, hashed)


class Steps:
    """Weights of keys, or of windows, by the event time (µs) from which each holds."""

    def __init__(self) -> None:
        self._since: list[int] = []
        self._weights: list[int] = []

    def __bool__(self) -> bool:
        return any(w > WEIGHT_ONE for w in self._weights)

    @property
    def last(self) -> int:
        """What holds in the end."""
        return self._weights[-1] if self._weights else WEIGHT_ONE

    def add(self, since: int, weight: int) -> None:
        """From `since` on `weight` holds; what had been said of later times is taken back."""
        place = bisect_right(self._since, since)
        while place and self._since[place - 1] == since:
            place -= 1
        self._since = [*self._since[:place], since][-KEPT:]
        self._weights = [*self._weights[:place], weight][-KEPT:]

    def at(self, times: Times) -> Weights:
        """The weight that holds at each time."""
        if not self._since:
            return np.full(len(times), WEIGHT_ONE, np.uint64)
        places = np.searchsorted(np.array(self._since), times, side="right") - 1
        # Before the first that is known, what held then is not: everything passed.
        known = np.array([WEIGHT_ONE, *self._weights], dtype=np.uint64)
        return known[places + 1]

    def highest(self, times: Times, reach: int | Times) -> Weights:
        """The highest weight that held at any time from `reach` before each time up to it."""
        found = self.at(times)
        first = int((times - reach).min(initial=int(times.max(initial=0))))
        last = bisect_right(self._since, int(times.max(initial=0)))
        begin = max(bisect_right(self._since, first) - 1, 0)
        for place in range(begin, last):
            ends = self._since[place + 1] if place + 1 < len(self._since) else None
            held = times >= self._since[place]
            if ends is not None:
                held &= times - reach < ends
            found[held] = np.maximum(found[held], np.uint64(self._weights[place]))
        return found

    def changed(self, begins: Times, ends: Times) -> npt.NDArray[np.bool_]:
        """Whether another weight came to hold within spans (the last instant is): then keys may be there in part."""
        since = np.array(self._since, np.int64)
        found: npt.NDArray[np.bool_] = np.searchsorted(since, ends, "right") > np.searchsorted(since, begins, "right")
        return found

    def snapshot(self) -> list[list[int]]:
        """Pairs, JSON-able."""
        return [[s, w] for s, w in zip(self._since, self._weights, strict=True)]

    def restore(self, pairs: Sequence[Sequence[int]]) -> None:
        """Take over a snapshot."""
        self._since = [int(s) for s, _ in pairs]
        self._weights = [int(w) for _, w in pairs]


def kept_keys(r: Ids, weights: Weights) -> npt.NDArray[np.bool_]:
    """Which rows stay, by the R of their keys and the weights that hold at their times."""
    several = np.unique(weights)
    if len(several) == 1:
        kept: npt.NDArray[np.bool_] = r >= np.uint64(key_threshold(int(several[0])))
        return kept
    thresholds = np.array([key_threshold(int(w)) for w in several], dtype=np.uint64)
    found: npt.NDArray[np.bool_] = r >= thresholds[np.searchsorted(several, weights)]
    return found


def kept_windows(times: Times, size: int, every: int, steps: Steps, salt: int) -> npt.NDArray[np.bool_]:
    """Which rows lie in a window that is kept; a window is judged by what holds when it begins."""
    last = times // every
    kept = np.zeros(len(times), np.bool_)
    for back in range(size // every):
        starts = last - back
        distinct, places = np.unique(starts, return_inverse=True)
        hashed = splitmix64(distinct.astype(np.uint64) ^ np.uint64(salt)) >> np.uint64(64 - KEY_BITS)
        kept |= kept_keys(hashed, steps.at(distinct * every))[places]
    return kept
