"""What is said of values that are estimates: between what they lie, and which conditions that leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from slac.evidence.why.values import shown, sql_of
from slac.plan.intervals.bounds import is_far
from slac.plan.nodes import AuditNode
from slac.plan.subexpressions import columns_in
from slac.stream.batch import BOUNDS

Row = Mapping[str, Any]
_OPEN: Final = ", and may be anything: of a part nothing was kept, or a sample says nothing of it"


def interval(name: str, row: Row) -> str:
    """`, between a and b` of a value of a row; empty where it is exact."""
    known = row.get(BOUNDS) or {}
    if known.get(f"{name}_undecided"):
        return _OPEN
    low, high = known.get(f"{name}_low"), known.get(f"{name}_high")
    if low is None or high is None or low == high:
        return ""
    if is_far(low) and is_far(high):
        return _OPEN
    if is_far(high):
        return f", and {shown(low)} at least"
    return f", and {shown(high)} at most" if is_far(low) else f", between {shown(low)} and {shown(high)}"


def left_open(node: AuditNode, moved: Row) -> Iterator[str]:
    """Why no state of an audit is certain for a row."""
    names = dict.fromkeys(c.name for s in node.states for c in columns_in(s.when))
    for name in names:
        told = interval(name, moved)
        if told:
            yield f"{name} = {shown(moved.get(name))}{told}"
    conditions = "; ".join(f"{s.name} when {s.when_sql or sql_of(s.when)}" for s in node.states)
    yield f"so it is open which state it is: {conditions}"
