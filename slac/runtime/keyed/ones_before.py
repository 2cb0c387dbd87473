"""For each row the one before it of its key: of rows that stand by slot, the one in front."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slac.runtime.keyed.grouping import BySlot, Longs, Mask
from slac.runtime.operator import BEGINNING

Index = npt.NDArray[np.uint32]


def ones_before(by_slot: BySlot, times: Longs, is_known: Mask, held: Longs, retain: int) -> Index:
    """For each row, as they stood, its place in [none, the rows by slot, what each slot held].

    Rows of one key and instant do not see each other. `times` are by slot; `held`: the time of what each slot held
    before, BEGINNING for nothing. Nothing before `retain` (µs) counts, and nothing of a slot that is not `is_known`.
    """
    count, starts = len(times), by_slot.starts
    heads = np.where(held == BEGINNING, 0, np.arange(1 + count, 1 + count + len(held)))
    is_first = np.ones(count, np.bool_)
    np.not_equal(times[1:], times[:-1], out=is_first[1:])
    is_first[starts] = True
    if is_first.all():
        index = np.arange(count, dtype=np.uint32)
        index[starts] = heads
    else:
        runs = np.flatnonzero(is_first)
        first = runs.copy()
        first[np.searchsorted(runs, starts)] = heads
        index = np.repeat(first.astype(np.uint32), np.diff(runs, append=count))
    if not is_known.all():
        index[np.repeat(~is_known, by_slot.lengths)] = 0
    oldest = min(int(times.min()), int(held[held > BEGINNING].min(initial=times[0])))
    if oldest < int(times.max()) - retain:
        stood = np.concatenate([[BEGINNING], times, held])
        index[stood[index] < times - retain] = 0
    placed = np.empty(count, np.uint32)
    placed[by_slot.order] = index
    return placed
