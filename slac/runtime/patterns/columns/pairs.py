"""Which rows of both sides belong together, where nothing but time bounds how long the first ones listen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.runtime.patterns.columns.arranged import Arranged, Side
from slac.runtime.patterns.columns.codes import by_group
from slac.stream.ids import Ids

__all__ = ["Pairs", "first_open", "in_order", "next_ones", "said_order", "said_ranks"]

Numbers = npt.NDArray[np.int64]
_BITS: Final = 62
"""So many a composite number may have."""
_PACKED: Final = 1 << 20
"""So many rows, times and keys fit one number together."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Matches in the order in which they are said: their first rows, by number, and the `second` ones of all.

    `of`: which of `second` each match has, rising; None: each has its own.
    """

    first: Numbers
    second: Numbers
    of: Numbers | None = None


def next_ones(both: Arranged, length: int | None, ranks: Numbers) -> Pairs:
    """Each first row with the next second one of its group, unless that comes `length` (µs) later."""
    first, second = both.first, both.second
    if not len(second.at):
        none = np.empty(0, np.int64)
        return Pairs(none, none)
    following = np.minimum(both.behind, len(second.at) - 1)
    fits = second.groups.take(following) == first.groups
    fits &= both.behind < len(second.at)
    if length is not None:
        fits &= second.times.take(following) - first.times < length
    return in_order(np.flatnonzero(fits), following[fits], ranks)


def in_order(first: Numbers, second: Numbers, ranks: Numbers) -> Pairs:
    """Pairs whose first rows rise, sorted by when their second ones are said."""
    order = by_group(ranks.take(second))
    return Pairs(first.take(order), second.take(order))


def first_open(both: Arranged, length: int | None, groups: int) -> Numbers:
    """For each second row, the number of the first row of its group that still listens `length` (µs) after it came."""
    first, second = both.first, both.second
    if length is None or not len(first.at) or not len(second.at):
        counts = np.bincount(first.groups, minlength=groups)
        starts: Numbers = (np.cumsum(counts) - counts).take(second.groups)
        return starts
    lowest = int(first.times.min())
    times, since = first.times - lowest, np.maximum(second.times - (length - 1 + lowest), 0)
    highest = max(int(times.max()), int(since.max()))
    if highest.bit_length() + groups.bit_length() > _BITS:
        known = np.unique(times)
        times, since, highest = np.searchsorted(known, times), np.searchsorted(known, since), len(known)
    bits = np.int64(highest.bit_length())
    return np.searchsorted(first.groups << bits | times, second.groups << bits | since)


def said_order(side: Side, keys: Ids) -> Numbers:
    """The numbers of rows in order of time, then by what is hashed of their keys (by group), then as they came."""
    order = side.in_events()
    times = side.times.take(order)
    new = times[1:] != times[:-1]
    if new.all():
        return order
    if len(order) > _PACKED or len(keys) > _PACKED:
        return order[np.lexsort((keys[side.groups[order]], times))]
    values, ranks = np.unique(keys, return_inverse=True)
    numbers = np.append(0, np.cumsum(new)) * len(values)
    return order[by_group(numbers + ranks[side.groups[order]])]


def said_ranks(side: Side, keys: Ids, clock: Numbers) -> Numbers:
    """For each row a number that rises as `said_order` goes; `clock`: the times of all events, in their order."""
    if (clock[1:] > clock[:-1]).all():
        return side.entries
    order = said_order(side, keys)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks
