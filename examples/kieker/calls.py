"""Who called whom how often, from the calls that traces list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

ENTRY = "(entry)"
"""The caller of a trace's root."""


def edges(traces: Iterable[Iterable[Mapping[str, Any]]]) -> Counter[tuple[str, str]]:
    """How often each operation called each other; a trace is its calls in order, with `operation` and `depth`."""
    found: Counter[tuple[str, str]] = Counter()
    for calls in traces:
        stack: list[str] = [ENTRY]
        for call in calls:
            del stack[call["depth"] + 1 :]
            found[stack[-1], call["operation"]] += 1
            stack.append(call["operation"])
    return found
