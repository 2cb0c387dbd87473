"""The operators of one runtime's plan: what a core drives, and what replays a log without one."""

from __future__ import annotations

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, OutputNode, SelectNode, SourceNode
from slac.runtime.instructions import Instruction
from slac.runtime.operator import Operator, OperatorContext
from slac.runtime.operators.build import build_operator
from slac.runtime.operators.select import SelectOperator
from slac.runtime.operators.select_twins import twin_rows
from slac.runtime.pairs import paired_operators
from slac.runtime.rim import LinkOutOperator, OutputOperator


def operators_of(plan: Plan, context: OperatorContext, instructions: list[Instruction]) -> dict[str, Operator]:
    """By node id, for all nodes but those where rows come in; what is to leave the runtime goes to `instructions`."""
    operators: dict[str, Operator] = {}
    paired = paired_operators(plan, context)
    twins = twin_rows(plan.nodes)
    for node in plan.nodes:
        match node:
            case SourceNode() | LinkInNode():
                continue
            case OutputNode():
                operators[node.id] = OutputOperator(node, node.blocks, instructions)
            case LinkOutNode():
                operators[node.id] = LinkOutOperator(node, instructions, context.told.get(node.id))
            case SelectNode() if node.id in twins:
                operators[node.id] = SelectOperator(node, context, twins[node.id])
            case _:
                operators[node.id] = paired.get(node.id) or build_operator(node, context)
    return operators
