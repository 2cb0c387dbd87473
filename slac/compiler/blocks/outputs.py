"""An output becomes a node with one port a block that it publishes."""

from __future__ import annotations

from typing import Literal

from slac.adapters.discovery import output_adapter
from slac.adapters.publication.records import OWN_KEYS
from slac.adapters.secrets import checked
from slac.compiler.blocks.context import Lowering
from slac.language.document import OutputDecl
from slac.plan.nodes import AbsenceNode, AnyNode, AuditNode, OutputNode, ViolationNode
from slac.stream.types import Schema


def lower_output(block: OutputDecl, lowering: Lowering) -> None:
    """One `OutputNode`; its own schema is empty, because nothing reads it."""
    named = {r.name: lowering.stream(block, r) for r in block.from_}
    known = [i for i in named.values() if i is not None]
    if len(known) < len(named):
        return
    for ref, node in zip(block.from_, known, strict=False):
        for column in sorted(OWN_KEYS & set(node.schema.names)):
            lowering.say(
                "names/reserved-column",
                f'"{ref.name}" has a column "{column}", which would hide the record\'s own key of that name',
                ref,
                suggestion="give the column another name before it is published",
            )
    values = {name: s.value for name, s in block.settings.items()}
    settings, _ = checked(output_adapter(block.adapter.name), values)
    lowering.add(
        OutputNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=tuple(i.id for i in known),
            schema=Schema(),
            depth=lowering.depth(block, *known),
            # A union of emitters is published under the name of their event type.
            blocks=tuple(named),
            adapter=block.adapter.name,
            settings=settings,
            kinds=tuple(_kind(i) for i in known),
        )
    )


def _kind(node: AnyNode) -> Literal["report", "violation", "row"]:
    match node:
        case AuditNode():
            return "report"
        case ViolationNode() | AbsenceNode():
            return "violation"
        case _:
            return "row"
