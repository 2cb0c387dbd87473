"""Ahead of patterns, joins and traces whole keys are dropped; what these would still say of such a key is not said.

When a threshold rises, keys that had been kept until then have begun something whose end is dropped now: what a pattern
took for an absence would be none. So a result is left out if its key was dropped at any time that it reaches back to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import networkx as nx
import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, IntervalJoinNode, PatternNode, SourceNode, TracesNode
from slac.runtime.gates.keys import Steps, kept_keys, randomness
from slac.runtime.source import Source
from slac.stream.batch import Batch, instants

Guard = Callable[[Batch], Batch]


class WholeKeys:
    """Leaves rows of a node out whose keys the gates before it have dropped within `reach` (µs) before the row."""

    def __init__(self, columns: Sequence[str], gates: Sequence[Steps], *, reach: int, trace: bool) -> None:
        self.left_out = 0
        self._columns = list(columns)
        self._gates = gates
        self._reach = reach
        self._trace = trace

    def __call__(self, batch: Batch) -> Batch:
        """The batch without them."""
        if not batch.height or not any(self._gates):
            return batch
        times = instants(batch.frame).to_numpy()
        found = randomness(batch.frame, self._columns, trace=self._trace)
        kept = kept_keys(found, self._gates[0].highest(times, self._reach))
        for steps in self._gates[1:]:
            kept &= kept_keys(found, steps.highest(times, self._reach))
        if kept.all():
            return batch
        self.left_out += int((~kept).sum())
        return Batch(batch.frame.filter(pl.Series(kept)), late=batch.late)


def guards(plan: Plan, sources: Mapping[str, Source]) -> dict[str, Guard]:
    """By node, for nodes before which gates of this runtime may drop whole keys."""
    found: dict[str, Guard] = {}
    for node in plan.nodes:
        if not node.whole_by or not set(node.whole_by) <= set(node.schema.names):
            continue
        above = [plan[i] for i in nx.ancestors(plan.graph, node.id) if i in {n.id for n in plan.nodes}]
        gated = [n for n in above if isinstance(n, SourceNode) and n.gate.key and n.block in sources]
        if gated:
            steps = [sources[n.block].sieve.steps for n in gated]
            found[node.id] = WholeKeys(node.whole_by, steps, reach=_reach(node), trace=gated[0].gate.trace)
    return found


def _reach(node: AnyNode) -> int:
    """How far back (µs) what a row says may begin."""
    match node:
        case PatternNode():
            return node.within or node.retain
        case IntervalJoinNode():
            return sum(node.reach)
        case TracesNode():
            return node.spec.within + node.spec.timeout
        case _:
            return 0
