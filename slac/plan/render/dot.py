"""A plan in the DOT language of Graphviz: one cluster a node, dashed edges for links."""

from __future__ import annotations

import json

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode
from slac.plan.render.describe import describe


def dot(plan: Plan) -> str:
    """A digraph; ends with a line break."""
    lines = [f"digraph {_quoted(plan.document)} {{", "  rankdir=LR;", "  node [shape=box, fontname=sans];"]
    for number, placement in enumerate(plan.data.placements):
        lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(placement.name)};"]
        lines += [
            f"    {_quoted(n.id)} [label={_quoted(chr(10).join((n.id, describe(n))))}];"
            for n in plan.nodes
            if n.node == placement.name
        ]
        lines.append("  }")
    for node in plan.nodes:
        lines += [f"  {_quoted(i)} -> {_quoted(node.id)};" for i in node.inputs]
        if isinstance(node, LinkInNode):
            sender = f"{node.stream}.out.{node.node}"
            lines.append(f"  {_quoted(sender)} -> {_quoted(node.id)} [style=dashed];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
