"""What a match stands for where a gate drops whole keys: the weight that its key had, while its events came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from slac.runtime.audits.slots import Longs
from slac.stream.batch import WEIGHT, WEIGHT_ONE, instants


class KeyWeights:
    """The weight of rows over event time, the same for all keys: at what times it was which, as far back as `reach`."""

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._times: Longs = np.empty(0, np.int64)
        self._weights: Longs = np.empty(0, np.int64)

    def see(self, frame: pl.DataFrame) -> None:
        """Look at rows; before the first one with a weight there is nothing to remember."""
        if WEIGHT not in frame.columns and not len(self._times):
            return
        times = instants(frame).to_numpy()
        weights = np.full(len(times), WEIGHT_ONE, np.int64)
        if WEIGHT in frame.columns:
            weights = frame[WEIGHT].fill_null(WEIGHT_ONE).to_numpy().astype(np.int64)
        self._take(np.concatenate([self._times, times]), np.concatenate([self._weights, weights]))

    def weighed(self, said: pl.DataFrame) -> pl.DataFrame:
        """Matches with `_weight`, where any stands for others: the greatest of the time that it took."""
        if not len(self._times) or not said.height:
            return said
        until = instants(said).to_numpy()
        first = np.maximum(np.searchsorted(self._times, until - self._reach, side="right") - 1, 0)
        last = np.searchsorted(self._times, until, side="right")
        found = [int(self._weights[a:b].max(initial=WEIGHT_ONE)) for a, b in zip(first, last, strict=True)]
        if max(found) == WEIGHT_ONE:
            return said
        return said.with_columns(pl.Series(WEIGHT, found, dtype=pl.UInt64))

    def forget(self, watermark: int) -> None:
        """What came so long before the watermark that no match reaches it."""
        cut = int(np.searchsorted(self._times, watermark - 2 * self._reach)) - 1
        if cut > 0:
            self._times, self._weights = self._times[cut:], self._weights[cut:]

    def snapshot(self) -> list[list[int]]:
        """What `restore` needs, JSON-able."""
        return [self._times.tolist(), self._weights.tolist()]

    def restore(self, known: Iterable[Sequence[int]]) -> None:
        """Take over a snapshot."""
        self._times, self._weights = (np.array(list(part), np.int64) for part in known)

    def _take(self, times: Longs, weights: Longs) -> None:
        """In order, and of a stretch of one weight its ends only."""
        order = np.lexsort((weights, times))
        times, weights = times[order], weights[order]
        ends = np.append(weights[1:] != weights[:-1], True)
        begins = np.append(True, ends[:-1])
        self._times, self._weights = times[ends | begins], weights[ends | begins]
