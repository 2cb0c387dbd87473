"""What a table costs: hardly any work, but the memory of all the rows that it may have."""

from __future__ import annotations

from typing import Final

from slac.plan.nodes import SourceNode
from slac.shedding.capacity.flow import Flow, NodeLoad
from slac.shedding.capacity.keys import NO_KEYS
from slac.shedding.capacity.sizes import arrow_bytes, json_bytes

COPIES: Final = 3.0
"""A table exists as it was read, as the version that holds, and in the joins that look into it."""


def table_load(node: SourceNode) -> NodeLoad:
    """Its changes are few beside any stream, and are taken for none."""
    row = arrow_bytes(node.schema)
    flow = Flow(
        rate=0.0,
        batches=0.0,
        waves=0.0,
        row_bytes=row,
        json_bytes=json_bytes(node.schema),
        fields=len(node.schema.fields),
        keys=NO_KEYS,
        window=None,
        lateness=0,
        inputs=frozenset({node.block}),
    )
    rows = node.table.max_rows if node.table is not None else 0
    return NodeLoad(flow=flow, rows_in=0.0, memory=COPIES * rows * row)
