"""Operators that work together: a running window and the latest-joins of its input with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slac.plan.graph import Plan
from slac.plan.nodes import LatestJoinNode, WindowNode
from slac.plan.own_latest import own_latest
from slac.runtime.operator import Operator, OperatorContext
from slac.runtime.operators.build import plain_window
from slac.runtime.operators.paired import PairedJoin, PairedWindow
from slac.runtime.operators.row_values import RowValues
from slac.runtime.operators.running_beside import Meeting, RunningBeside


def paired_operators(plan: Plan, context: OperatorContext) -> Mapping[str, Operator]:
    """By node, the operators of those nodes of a runtime's plan that have such a partner."""
    nodes = {node.id: node for node in plan.nodes}
    partners: dict[str, list[LatestJoinNode]] = {}
    for join_id, window_id in own_latest(plan.nodes).items():
        join, window = nodes[join_id], nodes[window_id]
        assert isinstance(join, LatestJoinNode)
        assert isinstance(window, WindowNode)
        if RowValues(window, join.right_columns).is_known:
            partners.setdefault(window_id, []).append(join)
    operators: dict[str, Operator] = {}
    for window_id, joins in partners.items():
        window = nodes[window_id]
        assert isinstance(window, WindowNode)
        meetings = {join.id: Meeting() for join in joins}
        is_read = any(window_id in node.inputs for node in plan.nodes if node.id not in meetings)
        operators[window_id] = _window(window, context, list(meetings.values()), is_read=is_read)
        operators |= {join.id: PairedJoin(join, window, context, meetings[join.id]) for join in joins}
    return operators


def _window(node: WindowNode, context: OperatorContext, meetings: Sequence[Meeting], *, is_read: bool) -> Operator:
    def together() -> Operator:
        return RunningBeside(node, context, meetings, is_read=is_read)

    return PairedWindow(node, together, lambda one: plain_window(one, context), meetings, context.lacks.get(node.id))
