"""Latest-joins as questions: which left rows are worth asking, and who is worked up to now when one asks.

Where the only reader of a join keeps few of its rows by what the left side alone says, the others need no answer. And
rows of the right side wait, before the join and before all that only leads there, until some left row does ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import networkx as nx

from slac.plan.at_once import AtOnce, at_once
from slac.plan.expressions import AnyExpr
from slac.plan.graph import Plan
from slac.plan.lowering import columns_of
from slac.plan.nodes import AnyNode, LatestJoinNode, SelectNode
from slac.plan.tag_columns import conjuncts
from slac.stream.batch import MARKS, Batch
from slac.stream.picking import rows_where
from slac.stream.types import Bool

Worthwhile = Callable[[Batch], Batch]
"""The rows of a batch that are worth asking."""


def worthwhile(plan: Plan) -> dict[str, Worthwhile]:
    """By id of the latest-joins of a runtime of which some left rows need no answer."""
    found = {}
    for node in plan.nodes:
        if isinstance(node, LatestJoinNode) and not node.restate:
            conditions = [one for one in map(at_once, asked(node, plan)) if one is not None]
            if conditions:
                found[node.id] = _keeping(conditions)
    return found


def before(plan: Plan, node: AnyNode) -> list[str]:
    """The nodes on the way to the right side of a join, in their order."""
    above = {node.inputs[1], *nx.ancestors(plan.graph, node.inputs[1])}
    return [n.id for n in plan.nodes if n.id in above]


def asked(node: LatestJoinNode, plan: Plan) -> Iterator[AnyExpr]:
    """What the only reader asks of columns of the left side, as they are there; what another block reads is whole."""
    readers = [r for r in plan.readers(node.id) if isinstance(r, SelectNode) and r.block == node.block]
    if len(plan.readers(node.id)) != 1 or not readers or readers[0].where is None:
        return
    left = {f.name: f.dtype for f in plan[node.inputs[0]].schema.fields}
    kept = {f.name for f in node.schema.fields if left.get(f.name) == f.dtype}
    for part in conjuncts(readers[0].where):
        if isinstance(part.dtype, Bool) and columns_of(part) and columns_of(part) <= kept:
            yield part


def _keeping(conditions: Sequence[AtOnce]) -> Worthwhile:
    def kept(batch: Batch) -> Batch:
        frame = batch.frame
        # What is marked may say something even where it does not pass.
        if batch.late or not frame.height or not MARKS.isdisjoint(frame.columns):
            return batch
        for condition in conditions:
            mask = condition(frame)
            if mask is not None:
                frame = rows_where(frame, mask)
        return batch if frame is batch.frame else Batch(frame)

    return kept
