"""What violations are made of: the rows that raised or resolved them; what goes on was raised by a row before."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import Consumed, consumed
from slac.evidence.lineage.machines import back_of, moved_by, said_before
from slac.evidence.lineage.sight import Sight
from slac.plan.nodes import ViolationNode


@consumed.register
def _(node: ViolationNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    back = back_of([node.settle])
    found = [moved_by(results, node.inputs[0], node.keys, sight, back=back, reads=node.retain)]
    going = results.filter(pl.col("kind") != "raised")
    if going.height:
        before = said_before(going, node.id, node.keys, sight, node.retain)
        found.append(before)
        if before.rows.height:
            basis = moved_by(before.rows, node.inputs[0], node.keys, sight, back=back, reads=node.retain)
            found.append(Consumed(node=basis.node, rows=basis.rows, edges=basis.edges, witness=True, role="led to it"))
    return found
