"""The late rows of a windowed block become a node beside its window."""

from __future__ import annotations

from typing import Final

from slac.compiler.blocks.context import Lowering
from slac.compiler.side import SIDE
from slac.language.document import ComputationDecl
from slac.plan.nodes import AnyNode, LateNode, WindowSpec
from slac.stream.types import Field, Schema, Timestamp

EVENT_TIME: Final = "event_time"
"""The column with the time that a late row says of itself."""


def late_rows(
    block: ComputationDecl, lowering: Lowering, left: AnyNode, window: WindowSpec, *, in_order: bool
) -> LateNode:
    """The rows that the window drops: columns of what it reads, and their own time."""
    fields = left.schema.fields
    if EVENT_TIME in left.schema:
        lowering.say(
            "names/duplicate-column",
            f'the late rows of "{block.name}" have a column "{EVENT_TIME}" already, which is to be their own time',
            block,
            suggestion="give the column another name in a probe before",
        )
        fields = tuple(f for f in fields if f.name != EVENT_TIME)
    return LateNode(
        id=f"{block.name}{SIDE}",
        block=block.name,
        node="",
        inputs=(left.id,),
        schema=Schema((*fields, Field(EVENT_TIME, Timestamp(), nullable=False))),
        depth=lowering.depth(block, left),
        window=window,
        in_order=in_order,
    )
