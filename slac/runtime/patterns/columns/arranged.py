"""Both sides of `every a -> …` in order of group and event: one sort of what is new, into which what is held is put."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.patterns.columns.codes import InGroups, in_groups, index
from slac.runtime.patterns.columns.groups import ONE, Groups, Held
from slac.runtime.patterns.columns.order import numbered
from slac.runtime.patterns.columns.sides import HeldAndNew, Seen
from slac.stream.batch import instants
from slac.stream.framing import frame_of

__all__ = ["Arranged", "Entries", "Side", "arranged", "entries"]

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The rows of one side in order of group and event: where each stands in `rows` is `at`.

    `entries`: which of all events of both sides each one is, so they rise with the events; `order` has the place of
    each entry in the total order.
    """

    rows: HeldAndNew
    at: Numbers
    entries: Numbers
    groups: Numbers
    times: Numbers
    order: Numbers

    @property
    def places(self) -> Numbers:
        """The place of each row in the total order."""
        return self.order.take(self.entries)

    def in_events(self) -> Numbers:
        """The side's numbers in the order of events."""
        size = int(self.entries.max(initial=-1)) + 1
        where, is_here = np.empty(size, np.int64), np.zeros(size, np.bool_)
        where[self.entries] = np.arange(len(self.entries))
        is_here[self.entries] = True
        # A third of what NumPy takes for a mask in brackets.
        return where.take(np.flatnonzero(is_here))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The new rows of both sides as one, in the order of events, and of one event the second side first.

    A row that fits both stands once, where both sides look at the same rows in the same way. `at`: where each stands in
    the rows of its own side; None: it stands where it comes. `codes`: the groups in `order`.
    """

    at: Numbers | None
    first: Marks
    second: Marks
    places: Numbers
    times: Numbers
    groups: Groups
    order: InGroups
    codes: Numbers

    def used(self, *, only_second: bool) -> Marks:
        """Which groups have rows, or second rows."""
        if not only_second or not len(self.second):
            return np.ones(len(self.groups.hashes), np.bool_)
        begins = np.flatnonzero(self.order.begins)
        marks: Marks = np.logical_or.reduceat(self.second.take(self.order.places), begins)
        return marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """Both sides; `behind`: before how many second rows, by number, the next one after each first row comes.

    `before`: the same for second rows: how many first rows come before each. Rows of other groups count as well.
    """

    first: Side
    second: Side
    behind: Numbers
    before: Numbers


def entries(first: Seen, second: Seen, columns: Sequence[str], *, alike: bool) -> Entries:
    """The rows of both sides; `alike`: they are seen in the same frame."""
    if alike:
        height = first.rows.height
        groups, order = _grouped(_keys(first, columns), None, height)
        return Entries(
            at=None,
            first=_marked(first.at, height),
            second=_marked(second.at, height),
            places=numbered(first.rows),
            times=instants(first.rows).to_numpy(),
            groups=groups,
            order=order,
            codes=order.codes,
        )
    sides = (first, second)
    places = [numbered(s.rows)[s.at] for s in sides]
    came = np.argsort(np.concatenate([2 * places[0] + 1, 2 * places[1]]), kind="stable")
    keys = pl.concat([_keys_at(s, columns) for s in sides], rechunk=True)
    groups, order = _grouped(keys, came, len(came))
    is_first = came < len(first.at)
    return Entries(
        at=np.concatenate([s.at for s in sides])[came],
        first=is_first,
        second=~is_first,
        places=np.concatenate(places)[came],
        times=np.concatenate([instants(s.rows).to_numpy()[s.at] for s in sides])[came],
        groups=groups,
        order=order,
        codes=order.codes,
    )


def arranged(new: Entries, first: Seen, second: Seen, held: Held | None) -> Arranged:
    """Both sides, with held rows among the first: they come before all that is new."""
    groups, which, count = new.codes, new.order.places, 0
    is_first, is_second, places, times = new.first, new.second, new.places, new.times
    if held is not None:
        count = held.rows.height
        groups, which = _with_held(new.order, groups, held)
        is_first = np.concatenate([np.ones(count, np.bool_), is_first])
        is_second = np.concatenate([np.zeros(count, np.bool_), is_second])
        places = np.concatenate([np.arange(count), places + count])
        times = np.concatenate([held.times, times])
    marks, others = is_first.take(which), is_second.take(which)
    firsts, seconds = np.flatnonzero(marks), np.flatnonzero(others)
    if len(firsts) + len(seconds) == len(which):
        behind, before = firsts - np.arange(len(firsts)), seconds - np.arange(len(seconds))
    else:
        behind = np.cumsum(others, dtype=np.int64).take(firsts)
        before = np.cumsum(marks, dtype=np.int64).take(seconds) - marks.take(seconds)
    taken, met = which.take(firsts), which.take(seconds)
    at_first, at_second = taken, met - count
    if new.at is not None:
        at_first = np.concatenate([np.arange(count), new.at + count]).take(taken)
        at_second = new.at.take(at_second)
    return Arranged(
        first=Side(
            rows=HeldAndNew(first.rows, None if held is None else held.rows),
            at=at_first,
            entries=taken,
            groups=groups.take(firsts),
            times=times.take(taken),
            order=places,
        ),
        second=Side(
            rows=HeldAndNew(second.rows),
            at=at_second,
            entries=met,
            groups=groups.take(seconds),
            times=times.take(met),
            order=places,
        ),
        behind=behind,
        before=before,
    )


def _grouped(keys: pl.DataFrame, came: Numbers | None, height: int) -> tuple[Groups, InGroups]:
    if not keys.width:
        return ONE, InGroups(np.arange(height), np.arange(height) == 0)
    order = in_groups(keys, came)
    firsts = order.firsts if came is None else came[order.firsts]
    return Groups.of_unique(keys[index(firsts)], keys.columns), order


def _with_held(order: InGroups, groups: Numbers, held: Held) -> tuple[Numbers, Numbers]:
    """Groups and entries in order, with held rows, which are numbered first, before the new ones of their group."""
    count = held.rows.height
    by_code = np.argsort(held.codes, kind="stable")
    codes = held.codes[by_code]
    places = np.flatnonzero(order.begins)[codes] + np.arange(count)
    old = np.zeros(len(groups) + count, np.bool_)
    old[places] = True
    made, which = np.empty(len(old), np.int64), np.empty(len(old), np.int64)
    made[places], which[places] = codes, by_code
    new = ~old
    made[new], which[new] = groups, order.places + count
    return made, which


def _marked(at: Numbers, height: int) -> Marks:
    marks = np.zeros(height, np.bool_)
    marks[at] = True
    return marks


def _keys(seen: Seen, columns: Sequence[str]) -> pl.DataFrame:
    return frame_of([seen.rows[name] for name in columns])


def _keys_at(seen: Seen, columns: Sequence[str]) -> pl.DataFrame:
    rows = _keys(seen, columns)
    return rows if not columns or len(seen.at) == seen.rows.height else rows[index(seen.at)]
