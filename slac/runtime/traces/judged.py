"""What has been found out about traces, in whatever form they came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from slac.plan.traces import Reason
from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs

OK: Final = 0
REASONS: Final[tuple[Reason | None, ...]] = (
    None,
    "fragment",
    "limit",
    "malformed",
    "duplicate",
    "within",
    "gap",
    "stack",
    "missing_end",
)
"""In the order in which they are told: of several reasons, the first that is true."""
CODE: Final = {reason: code for code, reason in enumerate(REASONS)}
NO_ROW: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls of sound traces in their order: `traces` are those traces, `rows` and `depths` their calls, by `groups`."""

    traces: Longs
    rows: Longs
    depths: Longs
    groups: Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One entry a trace: code of a reason (`found`: before any repair), number of calls, row of the root (−1: none).

    `classes` has one entry for each of `calls.traces`; None: from the order of the calls.
    """

    reason: Longs
    found: Longs
    count: Longs
    root: Longs
    calls: Calls
    classes: Hashes | None = None


def first_reason(count: int, found: dict[Reason, Flags]) -> Longs:
    """Of each trace, the code of the first reason that is true of it."""
    codes = np.full(count, OK, np.int64)
    for reason in reversed(REASONS):
        if reason is not None and reason in found:
            codes[found[reason]] = CODE[reason]
    return codes


def in_place(place: Longs, sound: Flags, groups: Groups) -> Longs:
    """The rows of all groups in the order of places; groups that are not `sound` may have any places."""
    order = np.arange(groups.rows)
    well = groups.rows_of(sound)
    order[(groups.spread(groups.first) + place)[well]] = np.flatnonzero(well)
    bad = np.flatnonzero(~well)
    if len(bad):
        order[bad] = bad[np.lexsort((place[bad], groups.number[bad]))]
    return order
