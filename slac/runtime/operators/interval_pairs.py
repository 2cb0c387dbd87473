"""Which rows of two sides belong together: the same key, and the other one earlier by less than the reach.

Every pair has a later row, which finds its partners among the rows before it. So no pair is found twice, and what is
found for a row does not depend on how the rows were cut into batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.operators.interval_side import KEY

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Places of the later rows and of their partners, pair by pair; `cut` pairs were too many for the limit."""

    later: Places
    earlier: Places
    cut: int


def pairs(later: pl.DataFrame, earlier: pl.DataFrame, *, reach: int, limit: int, ties: bool) -> Pairs:
    """For each row of `later` the last `limit` rows of `earlier` that came before it by less than `reach` µs.

    Both have `_at` and `_key`; `earlier` is sorted by key, then in the total order. `ties`: rows of the same instant
    count as earlier.
    """
    key, at = _int64(earlier, AT, KEY)
    keys, own = np.unique(key, return_inverse=True)
    times, when = np.unique(at, return_inverse=True)
    width = len(times) + 1
    place = own.astype(np.int64) * width + when
    later_key, later_at = _int64(later, AT, KEY)
    group = np.searchsorted(keys, later_key)
    known = keys[np.minimum(group, len(keys) - 1)] == later_key
    start = group * width
    first = np.searchsorted(place, start + np.searchsorted(times, later_at - reach, side="right"))
    end = np.searchsorted(place, start + np.searchsorted(times, later_at, side="right" if ties else "left"))
    within = np.where(known, np.maximum(end - first, 0), 0)
    counts = np.minimum(within, limit)
    return Pairs(
        later=np.repeat(np.arange(len(counts)), counts),
        earlier=_ranges(end - counts, counts),
        cut=int((within - counts).sum()),
    )


def _int64(frame: pl.DataFrame, at: str, key: str) -> tuple[npt.NDArray[np.uint64], Places]:
    return frame[key].to_numpy(), frame[at].to_numpy()


def _ranges(starts: Places, counts: Places) -> Places:
    """`start, start + 1, …`, `count` of them for each start."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))
