"""From a plan node to the operator that does its work: one entry a kind of node."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

from slac.plan.aggregates import follows_order
from slac.plan.columnar_patterns import column_shape
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LateNode,
    LatestJoinNode,
    PatternNode,
    SelectNode,
    StepsNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.plan.own_latest import is_keyed
from slac.runtime.keyed.ends import is_end
from slac.runtime.operator import Operator, OperatorContext
from slac.runtime.operators.absence import AbsenceOperator
from slac.runtime.operators.absence_partial import AbsencePartialOperator
from slac.runtime.operators.audit import AuditOperator
from slac.runtime.operators.doubting import DoubtingOperator
from slac.runtime.operators.doubting_window import DoubtingWindow
from slac.runtime.operators.estimating import EstimatingWindow
from slac.runtime.operators.estimating_join import EstimatingJoin
from slac.runtime.operators.in_order import InOrder
from slac.runtime.operators.interval_join import IntervalJoinOperator
from slac.runtime.operators.late import LateOperator
from slac.runtime.operators.latest_join import LatestJoinOperator
from slac.runtime.operators.pattern import PatternOperator
from slac.runtime.operators.pattern_columns import PatternColumnsOperator
from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.runtime.operators.running_by_columns import RunningByColumns
from slac.runtime.operators.running_with_ends import RunningWithEnds
from slac.runtime.operators.select import SelectOperator
from slac.runtime.operators.sliding_by_columns import SlidingByColumns
from slac.runtime.operators.steps import StepsOperator
from slac.runtime.operators.traces import TracesOperator
from slac.runtime.operators.union import UnionOperator
from slac.runtime.operators.violation import ViolationOperator
from slac.runtime.operators.window import WindowOperator
from slac.runtime.operators.window_merge import WindowMergeOperator
from slac.runtime.operators.window_replay import WindowReplay
from slac.runtime.operators.window_running import RunningOperator
from slac.runtime.operators.window_session import SessionOperator
from slac.runtime.operators.window_sliding import SlidingOperator


@singledispatch
def build_operator(node: AnyNode, context: OperatorContext) -> Operator:
    """The operator of a node; TypeError for the rim (sources, outputs, links), which belongs to the core."""
    del context
    raise TypeError(f'node "{node.id}" ({type(node).__name__}) is not an operator of the inner dataflow')


build_operator.register(SelectNode, SelectOperator)
build_operator.register(UnionNode, UnionOperator)
build_operator.register(LateNode, LateOperator)
build_operator.register(StepsNode, StepsOperator)
build_operator.register(TracesNode, TracesOperator)


@build_operator.register
def _(node: LatestJoinNode, context: OperatorContext) -> Operator:
    return EstimatingJoin(node, lambda one: _again(lambda: _join(one, context), one))


@build_operator.register
def _(node: IntervalJoinNode, context: OperatorContext) -> Operator:
    return EstimatingJoin(node, lambda one: _again(lambda: _join(one, context), one))


def _join(node: LatestJoinNode | IntervalJoinNode, context: OperatorContext) -> ReplayableOperator:
    if isinstance(node, LatestJoinNode):
        return LatestJoinOperator(node, context)
    return IntervalJoinOperator(node, context)


@build_operator.register
def _(node: AuditNode, context: OperatorContext) -> Operator:
    return _again(lambda: AuditOperator(node, context), node)


@build_operator.register
def _(node: ViolationNode, context: OperatorContext) -> Operator:
    return _again(lambda: ViolationOperator(node, context), node)


@build_operator.register
def _(node: AbsenceNode, context: OperatorContext) -> Operator:
    return AbsencePartialOperator(node, context) if node.role == "partial" else AbsenceOperator(node, context)


@build_operator.register
def _(node: PatternNode, context: OperatorContext) -> Operator:
    shape = column_shape(node)
    return PatternOperator(node, context) if shape is None else PatternColumnsOperator(node, shape, context)


@build_operator.register
def _(node: WindowNode, context: OperatorContext) -> Operator:
    """Every window makes estimates where its rows have weights; one that is whole may be over undecided windows."""

    def build() -> Operator:
        return EstimatingWindow(node, lambda one: plain_window(one, context), context.lacks.get(node.id))

    is_own = not node.window.is_shared or follows_order(node.aggregates)
    return build() if is_own or node.role != "whole" else DoubtingWindow(build, node.retain)


def plain_window(node: WindowNode, context: OperatorContext) -> Operator:
    """What works on a window whose rows have no weights, or whose node was extended for them.

    `running` and `sliding` hold rows themselves, as all must whose aggregates follow the order.
    """
    if node.role == "merged":
        return WindowMergeOperator(node, context)
    if node.late == "restate" and not node.window.is_shared:
        lasts = node.window.size if node.window.kind == "session" else 1
        return WindowReplay(lambda: _own_window(node, context), node.retain, lasts)
    holds = node.window.kind in ("running", "sliding") or node.role == "final"
    operator = _window_operator(node, context)
    return InOrder(operator) if follows_order(node.aggregates) and not holds else operator


def _again(
    build: Callable[[], ReplayableOperator], node: AuditNode | ViolationNode | LatestJoinNode | IntervalJoinNode
) -> Operator:
    """The operator of a node, which can run keys again where rows may be said again."""
    ports = len(node.inputs)
    hold = node.hold if isinstance(node, AuditNode | ViolationNode) else 0
    if node.restate:
        return RestatingOperator(build, ports, max(node.restate, hold))
    return DoubtingOperator(build, ports, hold) if hold else build()


def _window_operator(node: WindowNode, context: OperatorContext) -> Operator:
    return WindowOperator(node, context) if node.window.is_shared else _own_window(node, context)


def _own_window(node: WindowNode, context: OperatorContext) -> ReplayableOperator:
    """A window that every key has for itself."""
    columnar = is_keyed(node.aggregates)
    match node.window.kind:
        case "running":
            if columnar or not is_keyed([call for call in node.aggregates if not is_end(call)]):
                return (RunningByColumns if columnar else RunningOperator)(node, context)
            return RunningWithEnds(node, context)
        case "session":
            return SessionOperator(node, context)
        case _:
            return (SlidingByColumns if columnar else SlidingOperator)(node, context)
