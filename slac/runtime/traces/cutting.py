"""Records, key by key, are cut into traces: each ends when it is complete, silent, or too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.plan.traces import TraceSpec
from slac.runtime.audits.held import AT
from slac.runtime.traces.complete import NOT_YET, ready_at, silent_from
from slac.runtime.traces.groups import Flags, Groups, Longs
from slac.stream.picking import rows_where

COMPLETE, SILENT, TOO_LONG, GIVEN_UP = range(4)
_NONE: Final = 1 << 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Traces that are over: records in `groups`; when each ended (µs), what ended it, and whether it is a fragment."""

    frame: pl.DataFrame
    groups: Groups
    ended: Longs
    cause: Longs
    fragment: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Traces that go on: records in `groups`, and when each is over (µs) if nothing more of it comes."""

    frame: pl.DataFrame
    groups: Groups
    due: Longs
    fragment: Flags


def cut(
    frame: pl.DataFrame, groups: Groups, ended_before: Longs, spec: TraceSpec, retain: int, watermark: int
) -> tuple[list[Cut], list[Open]]:
    """All traces of each group (one key, in the total order) that are over at `watermark`, and what goes on.

    `ended_before`: when the last trace of the key ended.
    """
    over: list[Cut] = []
    going: list[Open] = []
    # In each round the first trace of every key; keys with several in one portion are few.
    while len(groups):
        fragment = frame[AT].to_numpy()[groups.first] - ended_before < retain
        closes, cause = _closes(frame, groups, fragment, spec)
        end, is_over = _first_end(frame[AT].to_numpy(), closes, groups, watermark)
        row_over = groups.rows_of(is_over)
        if is_over.any():
            head = row_over & (np.arange(groups.rows) <= groups.spread(end))
            sizes = (end - groups.first + 1)[is_over]
            over.append(
                Cut(
                    frame=_where(frame, head),
                    groups=Groups.sized(sizes),
                    ended=closes[end[is_over]],
                    cause=cause[end[is_over]],
                    fragment=fragment[is_over],
                )
            )
        else:
            head = row_over
        if not is_over.all():
            stays = ~is_over
            going.append(
                Open(
                    frame=_where(frame, ~row_over),
                    groups=Groups.sized(groups.counts[stays]),
                    due=closes[groups.last[stays]],
                    fragment=fragment[stays],
                )
            )
        more = is_over & (end < groups.last)
        ended_before = closes[end[more]]
        frame = frame.filter(pl.Series(row_over & ~head)) if more.any() else frame.clear()
        groups = Groups.sized((groups.last - end)[more])
    return over, going


def _where(frame: pl.DataFrame, flags: Flags) -> pl.DataFrame:
    return rows_where(frame, pl.Series(flags))


def _closes(frame: pl.DataFrame, groups: Groups, fragment: Flags, spec: TraceSpec) -> tuple[Longs, Longs]:
    """Of each record, when its trace is over if nothing more comes, and what then ends it."""
    at = frame[AT].to_numpy()
    silent = silent_from(frame, groups, spec.within) + spec.timeout
    too_long = groups.spread(at[groups.first]) + spec.within
    complete = np.where(groups.rows_of(fragment), NOT_YET, ready_at(spec.form, frame, groups, spec.within) + 1)
    closes = np.minimum(np.minimum(silent, too_long), complete)
    cause = np.where(closes == complete, COMPLETE, np.where(closes == silent, SILENT, TOO_LONG))
    return closes, cause


def _first_end(at: Longs, closes: Longs, groups: Groups, watermark: int) -> tuple[Longs, Flags]:
    """Of each group, its first record after which the trace is over, and whether there is one."""
    following = np.empty_like(at)
    following[:-1] = at[1:]
    following[groups.last] = watermark
    over = following >= closes
    first = groups.lowest(np.where(over, np.arange(groups.rows), _NONE))
    return np.where(first < _NONE, first, groups.last), first < _NONE
