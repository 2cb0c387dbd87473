"""Traces from before and after events: each after ends the call on top of the stack, and the last one ends the root."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.runtime.traces.complete import is_permutation, repeated
from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs
from slac.runtime.traces.judged import CODE, NO_ROW, OK, Calls, Judged, first_reason, in_place
from slac.runtime.traces.records import LEVEL, OPERATION, PLACE
from slac.runtime.traces.repair import repaired

_REPAIRABLE: Final = [CODE["gap"], CODE["stack"], CODE["missing_end"], CODE["within"]]
_DEEPEST: Final = (1 << 16) - 1


def judge_events(frame: pl.DataFrame, groups: Groups, operation: Hashes, *, repair: bool) -> Judged:
    """Each group is the records of one trace that is over; `operation` has their hashes."""
    place, level = frame[PLACE].to_numpy(), frame[LEVEL].fill_null(0).to_numpy()
    gapless = is_permutation(place, groups)
    order = in_place(place, gapless, groups)
    kind = level[order]
    open_calls = groups.running_sum(kind)
    depth = np.where(kind > 0, open_calls - 1, open_calls)
    left_open = open_calls[groups.last] > 0
    crossed = (open_calls < 0) | ((open_calls == 0) & (np.arange(groups.rows) != groups.spread(groups.last)))
    stack = groups.any(crossed)
    mending = gapless & ~left_open & ~stack
    stack |= _mismatched(operation[order], depth, groups, mending)
    reason = first_reason(
        len(groups),
        {
            "malformed": groups.any((level == 0) | (place < 0) | frame[OPERATION].is_null().to_numpy()),
            "duplicate": groups.any(repeated(place, groups, groups.rows_of(~gapless))),
            "gap": ~gapless,
            "stack": stack,
            "missing_end": left_open,
        },
    )
    first = order[groups.first]
    sound = reason == OK
    chosen = groups.rows_of(sound) & (kind > 0)
    counts = groups.sums((kind > 0).astype(np.int64))
    calls = Calls(
        traces=np.flatnonzero(sound),
        rows=order[chosen],
        depths=depth[chosen],
        groups=Groups.sized(counts[sound]),
    )
    if repair:
        which = np.flatnonzero(np.isin(reason, _REPAIRABLE))
        calls = _joined(calls, repaired(which, place, level, operation, order, groups))
        mended = reason.copy()
        mended[calls.traces] = OK
    else:
        mended = reason
    return Judged(
        reason=mended,
        found=reason,
        count=counts,
        root=np.where((place[first] == 0) & (level[first] > 0), first, NO_ROW),
        calls=calls,
    )


def _mismatched(operation: Hashes, depth: Longs, groups: Groups, among: Flags) -> Flags:
    """Groups in which an after is of another operation than the before that it ends; only `among` these."""
    rows = np.flatnonzero(groups.rows_of(among))
    narrow = depth[rows].max(initial=0) <= _DEEPEST
    # Of one trace and depth, before and after take turns; so they do when all traces are sorted by depth, stably.
    by_depth = rows[np.argsort(depth[rows].astype(np.uint16) if narrow else depth[rows], kind="stable")]
    wrong = operation[by_depth[0::2]] != operation[by_depth[1::2]]
    found = np.zeros(len(groups), np.bool_)
    found[groups.number[by_depth[0::2][wrong]]] = True
    return found


def _joined(calls: Calls, more: Calls) -> Calls:
    return Calls(
        traces=np.concatenate((calls.traces, more.traces)),
        rows=np.concatenate((calls.rows, more.rows)),
        depths=np.concatenate((calls.depths, more.depths)),
        groups=Groups.sized(np.concatenate((calls.groups.counts, more.groups.counts))),
    )
