"""Traces from spans: one root, and a caller in the trace for every other span.

Spans of one caller may run beside each other, so they have no order: the class of a trace is made of the paths of
operations that led to its spans.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from slac.runtime.traces.classes import path_classes
from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs
from slac.runtime.traces.judged import NO_ROW, OK, Calls, Judged, first_reason
from slac.runtime.traces.records import END, FEW, OPERATION, PARENT, SPAN, START


def judge_spans(frame: pl.DataFrame, groups: Groups, signature: Hashes) -> Judged:
    """Each group is the records of one trace that is over."""
    rows = np.arange(groups.rows)
    lacking = np.zeros(groups.rows, np.bool_)
    for name in (START, END, OPERATION, SPAN):
        if frame[name].null_count():
            lacking |= frame[name].is_null().to_numpy()
    is_root = frame[PARENT].is_null().to_numpy()
    parent, repeats = (_few_callers if groups.rows <= FEW else _callers)(frame, groups)
    parent = np.where(is_root, rows, parent)
    orphan = parent == NO_ROW
    of_itself = (parent == rows) & ~is_root
    depth, endless = _depths(np.where(orphan, rows, parent))
    roots = groups.sums(is_root.astype(np.int64))
    reason = first_reason(
        len(groups),
        {
            "malformed": groups.any(lacking),
            "duplicate": groups.any(repeats),
            "gap": groups.any(orphan) | (roots == 0),
            "stack": (roots > 1) | groups.any(endless | of_itself),
        },
    )
    sound = reason == OK
    chosen = np.flatnonzero(groups.rows_of(sound))
    first = groups.highest(np.where(is_root, rows, NO_ROW))
    judged = Judged(
        reason=reason,
        found=reason,
        count=groups.counts,
        root=np.where(roots == 1, first, NO_ROW),
        calls=Calls(
            traces=np.flatnonzero(sound),
            rows=chosen,
            depths=depth[chosen],
            groups=Groups.sized(groups.counts[sound]),
        ),
    )
    return _ordered(_classed(judged, signature, parent), frame)


def _callers(frame: pl.DataFrame, groups: Groups) -> tuple[Longs, Flags]:
    """Of each span the row of its caller (−1: not in the trace), and whether an earlier span has the same name."""
    rows = pl.Series("row", np.arange(groups.rows))
    spans = frame.select(pl.Series("g", groups.number), SPAN, PARENT, rows)
    first = pl.struct("g", SPAN).is_first_distinct()
    named = spans.select("g", SPAN, "row", first=first)
    found = spans.select("g", PARENT).join(
        named.filter("first").select("g", SPAN, "row"),
        left_on=["g", PARENT],
        right_on=["g", SPAN],
        how="left",
        maintain_order="left",
    )
    return found["row"].fill_null(NO_ROW).to_numpy(), ~named["first"].to_numpy()


def _few_callers(frame: pl.DataFrame, groups: Groups) -> tuple[Longs, Flags]:
    """The same: to go through so few spans costs less than five queries."""
    first: dict[tuple[int, str | None], int] = {}
    of = groups.number.tolist()
    found = [first.setdefault(name, row) for row, name in enumerate(zip(of, frame[SPAN].to_list(), strict=True))]
    parents = (None if p is None else first.get((g, p)) for g, p in zip(of, frame[PARENT].to_list(), strict=True))
    callers = np.fromiter((NO_ROW if row is None else row for row in parents), np.int64, len(of))
    return callers, np.array(found, np.int64) != np.arange(len(of))


def _depths(parent: Longs) -> tuple[Longs, Flags]:
    """Of each row, how many callers stand above it, and whether they go round in a circle; a root is its own."""
    above = (parent != np.arange(len(parent))).astype(np.int64)
    depth, ahead = above, parent
    # Each step looks twice as far; no path is longer than the number of rows.
    for _ in range(max(len(parent), 1).bit_length()):
        step = depth[ahead]
        if not step.any():
            break
        depth, ahead = depth + step, ahead[ahead]
    return depth, parent[ahead] != ahead


def _classed(judged: Judged, signature: Hashes, parent: Longs) -> Judged:
    """With classes of the sound traces, whose rows are numbered anew among themselves."""
    calls = judged.calls
    number = np.zeros(len(parent), np.int64)
    number[calls.rows] = np.arange(len(calls.rows))
    made = path_classes(signature[calls.rows], number[parent[calls.rows]], calls.depths, calls.groups)
    return replace(judged, classes=made)


def _ordered(judged: Judged, frame: pl.DataFrame) -> Judged:
    """With calls in the order of their beginnings, callers first."""
    calls = judged.calls
    start = frame[START].to_numpy()[calls.rows] if len(calls.rows) else calls.rows
    order = np.lexsort((calls.depths, start, calls.groups.number))
    return replace(judged, calls=replace(calls, rows=calls.rows[order], depths=calls.depths[order]))
