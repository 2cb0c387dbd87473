"""Up to where first rows listen where not only time counts, but sessions of keys and `limit`: places in one order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.plan.nodes import PatternNode
from slac.runtime.patterns.columns.arranged import Arranged, Side
from slac.runtime.patterns.columns.names import NEVER
from slac.runtime.patterns.columns.spans import spans

__all__ = ["FAR", "Bounds", "bounds", "ordered_by"]

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]
FAR: Final = 1 << 40
"""A place behind all."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """For each first row: the place from which on it does not listen any more, and why that may be.

    `limits`: `limit` gives it up unless it is completed before. `cut`: its key is forgotten there. `last`: the latest
    event (µs) of its key; `NEVER` where that does not matter.
    """

    places: Numbers
    limits: Marks
    cut: Marks
    last: Numbers


def bounds(node: PatternNode, length: int | None, both: Arranged, clock: Numbers, last: Numbers | None) -> Bounds:
    """The bounds; `length` (µs): how long a first row listens; `clock`: the times of all events, by place.

    `last`: the latest event (µs) known of the key of each first row, where sessions count.
    """
    ends = _ends_of_time(both.first, length, clock)
    cut, known = np.zeros(len(ends), np.bool_), np.full(len(ends), NEVER)
    if last is not None:
        cuts, known = _sessions(both, last, node.retain)
        ends, cut = np.minimum(ends, cuts), cuts < FAR - 1
    listens = _limits(both.first, node.limit)
    return Bounds(np.minimum(ends, listens), (listens < FAR - 1) & (listens <= ends), cut, known)


def ordered_by(groups: Numbers, places: Numbers) -> Numbers:
    """Group and place as one number."""
    return groups * FAR + places


def _ends_of_time(side: Side, length: int | None, clock: Numbers) -> Numbers:
    ends = np.full(len(side.times), FAR - 1)
    if length is not None:
        # In order of events, because looking up what rises is several times as fast; most end behind the batch.
        order = side.in_events()
        until = side.times[order] + length
        ended = int(np.searchsorted(until, clock[-1], "right"))
        ends = np.full(len(order), len(clock))
        ends[order[:ended]] = np.searchsorted(clock, until[:ended], "left")
    return ends


def _sessions(both: Arranged, last: Numbers, retain: int) -> tuple[Numbers, Numbers]:
    """For each first row: where its key is forgotten, and the last event of the key before that."""
    side, other = both.first, both.second
    places = np.concatenate([side.places, other.places])
    known = np.concatenate([last, other.times])
    groups = np.concatenate([side.groups, other.groups])
    order = np.lexsort((places, groups))
    found = spans(groups[order], known[order], retain)
    cuts = np.append(np.where(found.forgotten, places[order], FAR - 1), FAR - 1)[found.ends]
    at = np.empty(len(order), np.int64)
    at[order] = np.arange(len(order))
    mine = at[: len(side.at)]
    return cuts[mine], known[order][found.ends[mine] - 1]


def _limits(side: Side, limit: int | None) -> Numbers:
    listens = np.full(len(side.at), FAR - 1)
    if limit is not None and limit < len(listens):
        same = side.groups[limit:] == side.groups[:-limit]
        listens[:-limit] = np.where(same, side.places[limit:] + 1, FAR - 1)
    return listens
