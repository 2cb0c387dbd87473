"""Which of its candidates each row takes: ranges of places, tried in steps that double, or all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from slac.runtime.patterns.columns.runs import ranges

__all__ = ["all_fitting", "first_fitting"]

Numbers = npt.NDArray[np.int64]
Fit: TypeAlias = Callable[[Numbers, Numbers], npt.NDArray[np.bool_]]
"""From the rows of pairs and their candidates to whether they fit."""
_AT_ONCE: Final = 1 << 20
"""So many pairs are held at a time."""
_PART: Final = 1 << 15


def first_fitting(low: Numbers, high: Numbers, fit: Fit) -> Numbers:
    """For each row the first candidate of its range [low, high) that fits; −1 where there is none."""
    taken = np.full(len(low), -1, np.int64)
    current, waiting, step = low.copy(), np.flatnonzero(low < high), 1
    while len(waiting):
        end = np.minimum(current[waiting] + step, high[waiting])
        rows, candidates = np.repeat(waiting, end - current[waiting]), ranges(current[waiting], end)
        fits = fit(rows, candidates)
        found, first = np.unique(rows[fits], return_index=True)
        taken[found] = candidates[fits][first]
        current[waiting] = end
        waiting = waiting[(taken[waiting] < 0) & (end < high[waiting])]
        step = min(2 * step, max(1, _AT_ONCE // max(len(waiting), 1)))
    return taken


def all_fitting(low: Numbers, high: Numbers, fit: Fit | None) -> tuple[Numbers, Numbers]:
    """All pairs of a row and a candidate of its range [low, high) that fit; `fit` None: all do."""
    if fit is None:
        counts = np.maximum(high - low, 0)
        of = np.repeat(np.arange(len(low)), counts)
        return of, _candidates(low - np.cumsum(counts) + counts, of)
    parts = list(_fitting(low, high, fit))
    rows = [r for r, _ in parts] or [np.empty(0, np.int64)]
    candidates = [c for _, c in parts] or [np.empty(0, np.int64)]
    return np.concatenate(rows), np.concatenate(candidates)


def _candidates(shifts: Numbers, of: Numbers) -> Numbers:
    """The number of each pair, shifted by what belongs to its row: in parts that stay in the cache."""
    candidates, steps = np.empty_like(of), np.arange(min(len(of), _PART))
    for start in range(0, len(of), _PART):
        part = candidates[start : start + _PART]
        np.take(shifts, of[start : start + _PART], out=part, mode="clip")
        part += steps[: len(part)]
        part += start
    return candidates


def _fitting(low: Numbers, high: Numbers, fit: Fit) -> Iterator[tuple[Numbers, Numbers]]:
    counts = np.maximum(high - low, 0)
    ends = np.cumsum(counts)
    start = 0
    while start < len(low):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + _AT_ONCE, "right")))
        rows = np.repeat(np.arange(start, end), counts[start:end])
        candidates = ranges(low[start:end], high[start:end])
        if len(rows):
            fits = fit(rows, candidates)
            yield rows[fits], candidates[fits]
        start = end
