"""Truncated traces of before and after events: calls whose end is missing end with the next one that does not fit.

An after that is not of the call on top of the stack also ends what stands above its own; what is open at the end of
the records ends there. An after whose before is missing cannot be repaired, nor a trace without its first record.
These traces are few, so they are gone through one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from slac.runtime.traces.groups import Groups, Hashes, Longs
from slac.runtime.traces.judged import Calls

_Event = tuple[int, int, int]
"""Row, +1 or −1, operation."""


def repaired(which: Longs, place: Longs, level: Longs, operation: Hashes, order: Longs, groups: Groups) -> Calls:
    """The calls of those of these traces that can be repaired; `order`: their rows in the order of places."""
    traces: list[int] = []
    calls: list[list[tuple[int, int]]] = []
    for trace in which.tolist():
        rows = order[groups.starts[trace] : groups.starts[trace + 1]]
        if place[rows[0]] == 0 and level[rows[0]] > 0:
            events = zip(rows.tolist(), level[rows].tolist(), operation[rows].tolist(), strict=True)
            found = _calls(events)
            if found is not None:
                traces.append(trace)
                calls.append(found)
    return _columns(traces, calls)


def _calls(events: Iterable[_Event]) -> list[tuple[int, int]] | None:
    """Row and depth of each call; None where the trace cannot be repaired."""
    stack: list[int] = []
    found: list[tuple[int, int]] = []
    for row, kind, operation in events:
        if kind > 0:
            if found and not stack:
                return None
            found.append((row, len(stack)))
            stack.append(operation)
        elif operation in stack:
            while stack.pop() != operation:
                pass
        else:
            return None
    return found


def _columns(traces: Sequence[int], calls: Sequence[list[tuple[int, int]]]) -> Calls:
    flat = np.array([c for found in calls for c in found], np.int64).reshape(-1, 2)
    return Calls(
        traces=np.array(traces, np.int64),
        rows=flat[:, 0],
        depths=flat[:, 1],
        groups=Groups.sized(np.array([len(found) for found in calls], np.int64)),
    )
