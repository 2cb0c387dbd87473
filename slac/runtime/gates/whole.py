"""Ahead of patterns, joins, traces and sessions whole keys are dropped; what these still say of such a key is not said.

When a threshold rises, keys that had been kept until then have begun something whose end is dropped now: what a pattern
took for an absence would be none. So a result is left out if its key was dropped at any time that it reaches back to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import networkx as nx
import numpy as np
import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, IntervalJoinNode, PatternNode, SourceNode, TracesNode, WindowNode
from slac.runtime.gates.drops import ByKey
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.explicit import Explicit
from slac.runtime.gates.keys import Weights, kept_keys, key_hashes, randomness
from slac.runtime.gates.sieve import Sieve
from slac.stream.batch import WEIGHT, WEIGHT_ONE, WINDOW_START, Batch, instants

Guard = Callable[[Batch], Batch]


class WholeKeys:
    """Leaves rows of a node out whose keys the gates before it have dropped within `reach` (µs) before the row."""

    def __init__(
        self,
        columns: Sequence[str],
        gates: Sequence[ByKey],
        *,
        reach: int,
        trace: Callable[[], bool],
        explicit: Sequence[Explicit] = (),
    ) -> None:
        self.left_out = 0
        self._explicit = explicit
        self._columns = list(columns)
        self._gates = gates
        self._reach = reach
        self._trace = trace

    def __call__(self, batch: Batch) -> Batch:
        """The batch without them."""
        if not batch.height or not any(self._gates):
            return batch
        found = randomness(batch.frame, self._columns, trace=self._trace())
        for known in filter(None, self._explicit):
            found = known.over(key_hashes(batch.frame, self._columns), found)
        weights = self._held(batch.frame)
        kept = kept_keys(found, weights)
        frame = batch.frame
        if not kept.all():
            self.left_out += int((~kept).sum())
            frame, weights = frame.filter(pl.Series(kept)), weights[kept]
        return Batch(self._told(frame, weights), late=batch.late)

    def _told(self, frame: pl.DataFrame, weights: Weights) -> pl.DataFrame:
        """What came in has its weights already."""
        return frame

    def _held(self, frame: pl.DataFrame) -> Weights:
        """The highest weight that any of the gates had while the events of each row came."""
        times = instants(frame).to_numpy()
        found: Weights = np.maximum.reduce([steps.highest(times, self._reach) for steps in self._gates])
        return found


class WholeSessions(WholeKeys):
    """The same of windows that each begin where their key does: with the weight of their keys, if that is over one.

    `reach` is that behind the first row: had one been dropped there, the session would have begun before.
    """

    def _held(self, frame: pl.DataFrame) -> Weights:
        times, begin = instants(frame).to_numpy(), frame[WINDOW_START].cast(pl.Int64).to_numpy()
        reach = times - begin + self._reach
        found: Weights = np.maximum.reduce([steps.highest(times, reach) for steps in self._gates])
        return found

    def _told(self, frame: pl.DataFrame, weights: Weights) -> pl.DataFrame:
        return frame if int(weights.max(initial=0)) <= WEIGHT_ONE else frame.with_columns(pl.Series(WEIGHT, weights))


def guards(plan: Plan, sieves: Mapping[str, Sieve], links: Mapping[str, Elsewhere] | None = None) -> dict[str, Guard]:
    """By node, for nodes before which gates may drop whole keys, here or (`links`, by node) in other runtimes."""
    found: dict[str, Guard] = {}
    for node in plan.nodes:
        if not node.whole_by or not set(node.whole_by) <= set(node.schema.names):
            continue
        above = [plan[i] for i in nx.ancestors(plan.graph, node.id) if i in {n.id for n in plan.nodes}]
        gated = [n for n in above if isinstance(n, SourceNode) and n.gate.key and n.block in sieves]
        there = [links[n.id] for n in above if links and n.id in links]
        if gated or there:
            steps: list[ByKey] = [*(sieves[n.block].steps for n in gated), *there]
            kind = WholeSessions if isinstance(node, WindowNode) else WholeKeys
            explicit = [sieves[n.block].samplers.explicit for n in gated if n.gate.explicit]
            for known, source in zip(explicit, gated, strict=False):
                known.reach = max(known.reach, 2 * _reach(node) + source.lateness)
            found[node.id] = kind(
                node.whole_by, steps, reach=_reach(node), trace=_by_trace(gated, there), explicit=explicit
            )
    return found


def _by_trace(gated: Sequence[SourceNode], there: Sequence[Elsewhere]) -> Callable[[], bool]:
    return lambda: any(n.gate.trace for n in gated) or any(one.trace for one in there)


def _reach(node: AnyNode) -> int:
    """How far back (µs) what a row says may begin."""
    match node:
        case PatternNode():
            return node.within or node.retain
        case IntervalJoinNode():
            return sum(node.reach)
        case TracesNode():
            return node.spec.within + node.spec.timeout
        case WindowNode():
            return node.window.size or 0
        case _:
            return 0
