"""What is the same of a plan at every load: the order in which flows are followed, and how long rows may wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, LinkOutNode, SourceNode
from slac.plan.own_latest import own_latest
from slac.shedding.capacity.held import held_inputs
from slac.shedding.capacity.pace import Periods, periods


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A plan as the model walks it.

    `order`: nodes, each behind those that it reads, over links too; `inputs`: their ids by node. `periods`: how long
    rows may wait. `held`: inputs that stay undecoded, and how often their rows matter. `paired`: joins that are worked
    off with a window beside them. `passes`: what inputs say of the share that blocks let through. `memo`: what each
    node's own function
    has found out about it once.
    """

    order: tuple[AnyNode, ...]
    inputs: Mapping[str, tuple[str, ...]]
    periods: Periods
    held: Mapping[str, float]
    paired: frozenset[str]
    passes: Mapping[str, float]
    memo: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=8)
def shape_of(plan: Plan) -> Shape:
    """The shape of a plan; ValueError where links go round in circles."""
    sent: dict[tuple[str, str, str], list[str]] = {}
    for node in plan.nodes:
        if isinstance(node, LinkOutNode):
            sent.setdefault((node.stream, node.node, node.to), []).append(node.id)
    inputs = {
        n.id: tuple(sent.get((n.stream, n.origin, n.node), ())) if isinstance(n, LinkInNode) else n.inputs
        for n in plan.nodes
    }
    try:
        order = tuple(TopologicalSorter(inputs).static_order())
    except CycleError as error:
        raise ValueError(f"the plan goes round in circles at {', '.join(error.args[1])}") from error
    nodes = tuple(plan[i] for i in order)
    return Shape(
        order=nodes,
        inputs=inputs,
        periods=periods(plan),
        held=held_inputs(nodes, inputs),
        paired=frozenset(own_latest(plan.nodes)),
        passes={
            block: share
            for n in plan.nodes
            if isinstance(n, SourceNode) and n.rate
            for block, share in n.rate.passes.items()
        },
    )
