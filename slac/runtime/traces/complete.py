"""When a trace is complete: the instant at which nothing is missing any more, after each of its records.

It depends on the records so far only, so it does not matter in which portions they come.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.plan.traces import TraceForm
from slac.runtime.audits.held import AT
from slac.runtime.operator import BEGINNING
from slac.runtime.traces.groups import Flags, Groups, Longs
from slac.runtime.traces.records import END, LEVEL, PLACE, START, TOP_PLACE

NOT_YET: Final = 1 << 61


def ready_at(form: TraceForm, frame: pl.DataFrame, groups: Groups, within: int) -> Longs:
    """Of each record, the instant (µs) from which its trace is complete, unless more of it comes until then.

    `executions`: places 0, 1, … without a gap, and the root has ended. `events`: places 0, 1, … without a gap, and as
    many after as before. `spans` never say that they are all. `NOT_YET` where the trace is not complete; what is more
    than `within` after the first record is not told exactly.
    """
    if form == "spans" or not groups.rows:
        return np.full(groups.rows, NOT_YET)
    full = _gapless(frame[PLACE].to_numpy(), groups)
    at = frame[AT].to_numpy()
    if form == "events":
        level = filled(frame[LEVEL], 0)
        return np.where(full & (groups.running_sum(level) == 0), at, NOT_YET)
    return np.where(full, np.maximum(at, _root_end(frame, groups, within + 1)), NOT_YET)


def balanced(frame: pl.DataFrame, groups: Groups) -> Flags:
    """Of each group, whether it has as many afters as befores, where its records are events."""
    even: Flags = groups.sums(filled(frame[LEVEL], 0)) == 0
    return even


def _gapless(place: Longs, groups: Groups) -> Flags:
    """Of each record, whether its group has exactly the places 0, 1, … up to it."""
    upper = groups.running_max(np.maximum(place, 0), TOP_PLACE)
    full: Flags = upper == groups.position()
    full &= ~_spoiled(place < 0, groups)
    unclear = groups.rows_of(~is_permutation(place, groups))
    if unclear.any():
        full &= ~_spoiled(repeated(place, groups, unclear), groups)
    return full


def is_permutation(place: Longs, groups: Groups) -> Flags:
    """Of each group, whether its places are 0 … n − 1, each once."""
    counts = groups.spread(groups.counts)
    inside = (place >= 0) & (place < counts)
    hits = np.zeros(groups.rows, np.int64)
    np.add.at(hits, (groups.spread(groups.first) + place)[inside], 1)
    return ~groups.any(hits != 1)


def repeated(place: Longs, groups: Groups, among: Flags) -> Flags:
    """Records whose place an earlier record of their group has."""
    found = np.zeros(groups.rows, np.bool_)
    frame = pl.DataFrame({"g": groups.number[among], "p": place[among]})
    found[among] = ~frame.select(pl.struct("g", "p").is_first_distinct()).to_series().to_numpy()
    return found


def _spoiled(flags: Flags, groups: Groups) -> Flags:
    """Whether this record or an earlier one of its group is flagged."""
    if not flags.any():
        return flags
    return groups.running_sum(flags.astype(np.int64)) > 0


def _root_end(frame: pl.DataFrame, groups: Groups, top: int) -> Longs:
    """Of each record, when the root among the records so far ended; the first record's time where there is none."""
    begin = groups.spread(frame[AT].to_numpy()[groups.first])
    ends = np.where(frame[PLACE].to_numpy() == 0, filled(frame[END], 0), 0)
    return begin + groups.running_max(np.clip(ends - begin, 0, top), top)


def filled(column: pl.Series, value: int) -> Longs:
    """Integers, with a value for NULL."""
    return (column.fill_null(value) if column.null_count() else column).to_numpy()


def silent_from(frame: pl.DataFrame, groups: Groups, within: int) -> Longs:
    """Of each record, the latest instant (µs) of its trace so far: of a record, or of the end of a call it tells of.

    No more than `within` after the first record: nothing counts that lies behind it.
    """
    at = frame[AT].to_numpy()
    begin = groups.spread(at[groups.first])
    end = at
    for name in (START, END):
        end = np.maximum(end, filled(frame[name], BEGINNING))
    return begin + groups.running_max(np.clip(end - begin, 0, within), within)
