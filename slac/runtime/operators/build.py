"""From a plan node to the operator that does its work."""

from __future__ import annotations

from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    LatestJoinNode,
    PatternNode,
    SelectNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.runtime.operator import Operator, OperatorContext
from slac.runtime.operators.absence import AbsenceOperator
from slac.runtime.operators.absence_partial import AbsencePartialOperator
from slac.runtime.operators.audit import AuditOperator
from slac.runtime.operators.latest_join import LatestJoinOperator
from slac.runtime.operators.pattern import PatternOperator
from slac.runtime.operators.select import SelectOperator
from slac.runtime.operators.traces import TracesOperator
from slac.runtime.operators.union import UnionOperator
from slac.runtime.operators.violation import ViolationOperator
from slac.runtime.operators.window import WindowOperator
from slac.runtime.operators.window_running import RunningOperator
from slac.runtime.operators.window_session import SessionOperator
from slac.runtime.operators.window_sliding import SlidingOperator


def build_operator(node: AnyNode, context: OperatorContext) -> Operator:
    """The operator of a node; TypeError for the rim (sources, outputs, links), which belongs to the core."""
    match node:
        case SelectNode():
            return SelectOperator(node, context)
        case UnionNode():
            return UnionOperator(node, context)
        case LatestJoinNode():
            return LatestJoinOperator(node, context)
        case WindowNode():
            return _window(node, context)
        case TracesNode():
            return TracesOperator(node, context)
        case PatternNode():
            return PatternOperator(node, context)
        case AuditNode():
            return AuditOperator(node, context)
        case ViolationNode():
            return ViolationOperator(node, context)
        case AbsenceNode(role="partial"):
            return AbsencePartialOperator(node, context)
        case AbsenceNode():
            return AbsenceOperator(node, context)
        case _:
            raise TypeError(f'node "{node.id}" ({type(node).__name__}) is not an operator of the inner dataflow')


def _window(node: WindowNode, context: OperatorContext) -> Operator:
    match node.window.kind:
        case "running":
            return RunningOperator(node, context)
        case "session":
            return SessionOperator(node, context)
        case "sliding":
            return SlidingOperator(node, context)
        case _:
            return WindowOperator(node, context)
