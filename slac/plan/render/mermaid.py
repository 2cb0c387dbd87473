"""A plan as Markdown with Mermaid diagrams: the dataflow, then the state machine of every audit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slac.plan.graph import Plan
from slac.plan.machine import to_mermaid, transition_table
from slac.plan.nodes import AuditNode, LinkInNode
from slac.plan.render.describe import describe


def mermaid(plan: Plan) -> str:
    """Fenced diagrams under headings; ends with a line break."""
    parts = [f"# {plan.document}", _fenced(_flow(plan))]
    for audit in (n for n in plan.nodes if isinstance(n, AuditNode)):
        parts += [f"## {audit.id}", _fenced(to_mermaid(transition_table(audit)).splitlines())]
    return "\n\n".join(parts) + "\n"


def _fenced(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])


def _flow(plan: Plan) -> Iterator[str]:
    yield "flowchart LR"
    for number, placement in enumerate(plan.data.placements):
        yield f"  subgraph node{number}[{_quoted(placement.name)}]"
        for node in plan.nodes:
            if node.node == placement.name:
                yield f"    {_id(node.id)}[{_quoted(f'{node.id}<br/>{describe(node)}')}]"
        yield "  end"
    for node in plan.nodes:
        yield from (f"  {_id(i)} --> {_id(node.id)}" for i in node.inputs)
        if isinstance(node, LinkInNode):
            yield f"  {_id(f'{node.stream}.out.{node.node}')} -.-> {_id(node.id)}"


def _id(node_id: str) -> str:
    return "n_" + node_id.replace("_", "__").replace(".", "_")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;") + '"'
