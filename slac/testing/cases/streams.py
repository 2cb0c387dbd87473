"""What a test may name of a plan: the streams of its blocks, with the columns that rows of each have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, AuditNode, OutputNode, SourceNode, WindowNode, is_table
from slac.stream.types import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The rows of one block. `fields`: what may be given or looked at; `window`: the size of its windows (µs), or 0."""

    block: str
    node: AnyNode
    fields: Mapping[str, Field]
    window: int = 0

    @property
    def source(self) -> SourceNode | None:
        """The input, if the block is one."""
        return self.node if isinstance(self.node, SourceNode) else None


def streams_of(plan: Plan) -> dict[str, Stream]:
    """All blocks of a plan but its outputs, by name."""
    named = (n for n in plan.nodes if (n.id == n.block or is_table(n)) and not isinstance(n, OutputNode))
    return {n.block: _stream(plan, n) for n in named}


def _stream(plan: Plan, node: AnyNode) -> Stream:
    fields = node.schema.fields
    if isinstance(node, SourceNode):
        fields = node.payload.fields + node.context.fields
    return Stream(block=node.block, node=node, fields={f.name: f for f in fields}, window=window_size(plan, node))


def window_size(plan: Plan, node: AnyNode) -> int:
    """The size (µs) of the windows that the rows of a node stand for; 0 where they stand for an instant."""
    while node.windowed or isinstance(node, WindowNode):
        if isinstance(node, WindowNode) and node.window.size:
            return node.window.size
        if isinstance(node, AuditNode) or not node.inputs:
            return 0
        node = plan[node.inputs[0]]
    return 0
