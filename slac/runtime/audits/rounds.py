"""Cuts ordered rows of many keys into rounds: the k-th row of every key that can make a difference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from slac.runtime.audits.slots import Longs


def rounds(
    slots: Longs, conditions: Longs, times: Longs, last: Longs, *, retain: int, repeats: bool = False
) -> Iterator[tuple[Longs, Longs]]:
    """Row numbers of each round, with the time of the row of the same key before each of them.

    `slots`, `conditions`, `times`: one a row, rows in the total order; `last`: by slot, the time of its last row.
    A row that meets the same condition as the row before it changes nothing, unless its key was forgotten between them
    (`retain` µs); it is left out unless `repeats` says that a condition may lead on when it is met again.
    """
    order = np.argsort(slots, kind="stable")
    slot, condition, time = slots[order], conditions[order], times[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = slot[1:] != slot[:-1]
    before = np.empty_like(time)
    before[1:] = time[:-1]
    before[first] = last[slot[first]]
    matters = first | (time - before > retain)
    matters[1:] |= condition[1:] != condition[:-1]
    if repeats:
        matters[:] = True
    order, slot, before = order[matters], slot[matters], before[matters]
    begins = np.flatnonzero(first[matters])
    rank = np.arange(len(slot)) - np.repeat(begins, np.diff(np.append(begins, len(slot))))
    by_rank = np.argsort(rank, kind="stable")
    ends = np.flatnonzero(np.diff(rank[by_rank])) + 1
    for part in np.split(by_rank, ends):
        yield order[part], before[part]
