"""Makes a trace minimal: events are left out, by halves and then one by one, as long as it still reaches its target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from slac.testing.generate.simulate import Trace

_MOST_RUNS: Final = 80


def shrunk(trace: Trace, reaches: Callable[[Trace], bool]) -> Trace:
    """A trace without which no single event could be left out (as far as a bounded number of runs can tell)."""
    runs, size = 0, max(1, len(trace.events) // 2)
    while trace.events and runs < _MOST_RUNS:
        start, smaller = 0, trace
        while start < len(smaller.events) and runs < _MOST_RUNS:
            candidate = smaller.without(range(start, min(start + size, len(smaller.events))))
            runs += 1
            if reaches(candidate):
                smaller = candidate
            else:
                start += size
        if size == 1 and smaller == trace:
            break
        size, trace = max(1, size // 2), smaller
    return trace
