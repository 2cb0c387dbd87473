"""When a gate dropped what it had not counted: a key of which nothing came then may have been heard after all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.slots import Longs, Mask
from slac.runtime.operator import BEGINNING
from slac.stream.batch import COUNT, UNDECIDED, WEIGHT, WEIGHT_ONE, instants

_MOST: Final = 10_000
"""So many stretches are remembered, the latest."""


class Blindness:
    """Stretches of half a silence, aligned to the epoch, in which some row came that stands for others."""

    def __init__(self, silence: int) -> None:
        self._length = max(1, silence // 2)
        self._stretches: Longs = np.empty(0, np.int64)

    def see(self, frame: pl.DataFrame) -> None:
        """Look at rows of the stream."""
        if WEIGHT in frame.columns:
            times = instants(frame).to_numpy()[uncounted(frame)]
            self._stretches = np.union1d(self._stretches, times // self._length)[-_MOST:]

    def between(self, since: Longs, until: Longs) -> Mask:
        """Whether any of them lies behind the first instant and not behind the second."""
        if not len(self._stretches):
            return np.zeros(len(since), np.bool_)
        after = np.searchsorted(self._stretches, (since + 1) // self._length)
        found: Mask = after < np.searchsorted(self._stretches, until // self._length, side="right")
        return found

    def marked(self, said: pl.DataFrame) -> pl.DataFrame:
        """Rows of a silence (`last_seen`, `kind`): undecided where one that was raised may have been none."""
        if not len(self._stretches):
            return said
        since = said["last_seen"].cast(pl.Int64).fill_null(BEGINNING).to_numpy()
        doubt = self.between(since, instants(said).to_numpy()) & said["kind"].is_in(["raised", "stay"]).to_numpy()
        return said.with_columns(pl.Series(UNDECIDED, doubt)) if doubt.any() else said

    def snapshot(self) -> list[int]:
        """What `restore` needs, JSON-able."""
        known: list[int] = self._stretches.tolist()
        return known

    def restore(self, stretches: Iterable[int]) -> None:
        """Take over a snapshot."""
        self._stretches = np.array(list(stretches), np.int64)


def uncounted(frame: pl.DataFrame) -> Mask:
    """Which rows stand for others that no gate has counted."""
    if WEIGHT not in frame.columns:
        return np.zeros(frame.height, np.bool_)
    stands = pl.col(WEIGHT).fill_null(WEIGHT_ONE) > WEIGHT_ONE
    known = [pl.col(COUNT).is_null()] if COUNT in frame.columns else []
    found: Mask = frame.select(pl.all_horizontal(stands, *known)).to_series().to_numpy()
    return found
