"""Traces from operation executions: places 0, 1, … without a gap, and a stack that grows by one call at a time."""

from __future__ import annotations

import numpy as np
import polars as pl

from slac.runtime.traces.complete import is_permutation, repeated
from slac.runtime.traces.groups import Flags, Groups, Longs
from slac.runtime.traces.judged import NO_ROW, OK, Calls, Judged, first_reason, in_place
from slac.runtime.traces.records import END, LEVEL, OPERATION, PLACE, START


def judge_executions(frame: pl.DataFrame, groups: Groups) -> Judged:
    """Each group is the records of one trace that is over."""
    place, level = frame[PLACE].to_numpy(), frame[LEVEL].fill_null(-1).to_numpy()
    lacking = frame.select(pl.any_horizontal(pl.col(START, END, OPERATION).is_null())).to_series().to_numpy()
    gapless = is_permutation(place, groups)
    order = in_place(place, gapless, groups)
    depths = level[order]
    reason = first_reason(
        len(groups),
        {
            "malformed": groups.any(lacking | (place < 0) | (level < 0)),
            "duplicate": groups.any(repeated(place, groups, groups.rows_of(~gapless))),
            "gap": ~gapless,
            "stack": groups.any(_wrong_step(depths, groups)),
        },
    )
    first = order[groups.first]
    sound = reason == OK
    chosen = groups.rows_of(sound)
    return Judged(
        reason=reason,
        found=reason,
        count=groups.counts,
        root=np.where((place[first] == 0) & (level[first] == 0), first, NO_ROW),
        calls=Calls(
            traces=np.flatnonzero(sound),
            rows=order[chosen],
            depths=depths[chosen],
            groups=Groups.sized(groups.counts[sound]),
        ),
    )


def _wrong_step(depths: Longs, groups: Groups) -> Flags:
    """Calls that nobody can have made: deeper than one below the call before, or beside the root."""
    wrong = np.empty(len(depths), np.bool_)
    wrong[1:] = (depths[1:] > depths[:-1] + 1) | (depths[1:] < 1)
    wrong[groups.first] = depths[groups.first] != 0
    return wrong
