"""What no reader keeps, by node: who makes it need not say it, or may say it later, where nobody else looks on.

Traces that are too short for every reader are `slac.runtime.traces.brief`. Here: running windows that count their rows,
where every reader is a latest-join that only rows with a count of 1 ask (`slac.runtime.asking`). A row whose key is
known makes none, so it may wait until one comes whose key is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from slac.plan.at_once import at_once
from slac.plan.expressions import Call, Column, Literal
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LatestJoinNode, WindowNode
from slac.runtime.asking import asked
from slac.runtime.traces.brief import least


def spared(plan: Plan) -> dict[str, int]:
    """By id what `Operator.spare` is told: of traces how long (µs) they last at most; of windows how many rows: 1."""
    return least(plan) | firsts(plan)


def firsts(plan: Plan) -> dict[str, int]:
    """By id of running windows of which all readers keep only rows that are the first of their key: 1."""
    return {
        node.id: 1
        for node in plan.nodes
        if isinstance(node, WindowNode)
        and (node.window.kind, node.role, node.late) == ("running", "whole", "drop")
        and all(_asks_of_firsts(reader, node, plan) for reader in plan.readers(node.id))
        and plan.readers(node.id)
    }


def _asks_of_firsts(reader: AnyNode, window: WindowNode, plan: Plan) -> bool:
    """Whether a reader leaves all aside that is not the first row of its key."""
    if not isinstance(reader, LatestJoinNode) or reader.restate or window.id in reader.inputs[1:]:
        return False
    names = set(_counts(window))
    for part in asked(reader, plan):
        match part:
            case Call(function="=", args=(Column(name=name), Literal(value=1))) if name in names:
                return at_once(part) is not None
    return False


def _counts(window: WindowNode) -> Iterator[str]:
    """The columns of a window that count all rows of a key."""
    counts = {c.name for c in window.aggregates if (c.function, c.args, c.where) == ("count", (), None)}
    for column in window.project:
        if isinstance(column.expr, Column) and column.expr.name in counts:
            yield column.name
