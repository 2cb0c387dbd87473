"""The operators of one runtime, wired: batches and watermarks pass through them in waves, in topological order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import networkx as nx
import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, SourceNode
from slac.plan.user.running import failure_of
from slac.runtime.operator import BEGINNING, ENDED, Operator, State
from slac.stream.batch import Batch

Tap = Callable[[str, Batch], None]
"""Sees every batch that leaves a node, with the node's id."""


class Dataflow:
    """Routes batches from node to node.

    `enter` and `promise` speak for the nodes at the rim (sources, receiving links); `run` then carries everything
    through. A node without rows and with nothing due is not called: only its watermark passes.
    """

    def __init__(self, plan: Plan, operators: Mapping[str, Operator]) -> None:
        self.tap: Tap | None = None
        self._operators = dict(operators)
        self._inner = [n for n in plan.nodes if n.id in self._operators]
        self._readers: dict[str, list[tuple[str, int]]] = {n.id: [] for n in plan.nodes}
        for node in self._inner:
            for port, upstream in enumerate(node.inputs):
                self._readers[upstream].append((node.id, port))
        self._inbox: dict[str, list[tuple[int, Batch]]] = {n.id: [] for n in self._inner}
        self._promised: dict[str, int] = {n.id: BEGINNING for n in plan.nodes}
        self._reached: dict[str, int] = {n.id: BEGINNING for n in self._inner}
        self.rows: dict[str, int] = {n.id: 0 for n in plan.nodes}
        self._certain = {n.id: ENDED for n in plan.nodes if isinstance(n, LinkInNode)}
        self._doubted = {n.id: ENDED for n in self._inner}
        self._links = {n.id: tuple(sorted(nx.ancestors(plan.graph, n.id) & self._certain.keys())) for n in self._inner}
        self._rim = [n.id for n in plan.nodes if isinstance(n, SourceNode | LinkInNode)]

    @property
    def operators(self) -> Mapping[str, Operator]:
        """The operators by node id."""
        return self._operators

    def enter(self, node_id: str, batch: Batch) -> None:
        """Rows that came in at a node of the rim (or, in a test, rows that an inner node is said to have made)."""
        self.rows[node_id] += batch.height
        if self.tap is not None:
            self.tap(node_id, batch)
        for reader, port in self._readers[node_id]:
            self._inbox[reader].append((port, batch))

    def promise(self, node_id: str, watermark: int) -> None:
        """Advance the watermark of a node of the rim; a lower one than before is ignored."""
        self._promised[node_id] = max(self._promised[node_id], watermark)

    def doubt(self, node_id: str, certain: int) -> None:
        """How far a receiving link has all rows of all its peers; `ENDED` where that is as far as its watermark."""
        self._certain[node_id] = certain

    def watermark(self, node_id: str) -> int:
        """The watermark that `node_id` has promised its readers."""
        return self._promised[node_id]

    def run(self, *, end: bool = False) -> None:
        """Carry all that has entered through the graph, each node once.

        FunctionFailed where a function of the document's own fails on a row.
        """
        for node in self._inner:
            try:
                self._step(node, end=end)
            except pl.exceptions.PolarsError as error:
                failure = failure_of(node.block, node, error)
                if failure is None:
                    raise
                raise failure from error

    def next_due(self) -> int | None:
        """The lowest watermark at which some operator has something to do."""
        due = [d for o in self._operators.values() if (d := o.next_due()) is not None and d > BEGINNING]
        return min(due, default=None)

    def open_until(self) -> int | None:
        """The watermark that would close every window that holds data now."""
        ends = [e for o in self._operators.values() if (e := o.open_until()) is not None]
        return max(ends, default=None)

    def rim(self) -> Iterable[str]:
        """Ids of the nodes where data comes in."""
        return self._rim

    def snapshot(self) -> dict[str, State]:
        """The state of every operator, and the watermarks under the key of no node."""
        states = {i: o.snapshot() for i, o in self._operators.items()}
        marks = {"promised": self._promised, "reached": self._reached}
        doubts = {"certain": self._certain, "doubted": self._doubted}
        states[""] = State({name: dict(places) for name, places in {**marks, **doubts}.items()})
        return states

    def restore(self, states: Mapping[str, State]) -> None:
        """Take over a snapshot of the same plan."""
        self._promised.update(states[""].values["promised"])
        self._reached.update(states[""].values["reached"])
        self._certain.update(states[""].values["certain"])
        self._doubted.update(states[""].values["doubted"])
        for node_id, operator in self._operators.items():
            operator.restore(states[node_id])

    def _step(self, node: AnyNode, *, end: bool) -> None:
        operator = self._operators[node.id]
        inbox = self._inbox[node.id]
        if inbox:
            self._inbox[node.id] = []
            for port, batch in inbox:
                self._deliver(node.id, operator.on_batch(port, batch))
        if self._links[node.id]:
            self._doubt(node.id, operator)
        watermark = min((self._promised[i] for i in node.inputs), default=BEGINNING)
        if watermark <= self._reached[node.id]:
            return
        self._reached[node.id] = watermark
        due = operator.next_due()
        if due is not None and due <= watermark:
            self._deliver(node.id, operator.on_watermark(watermark, end=end))
        self._promised[node.id] = max(self._promised[node.id], operator.output_watermark(watermark))

    def _doubt(self, node_id: str, operator: Operator) -> None:
        certain = min(self._certain[link] for link in self._links[node_id])
        if certain != self._doubted[node_id]:
            self._doubted[node_id] = certain
            self._deliver(node_id, operator.on_doubt(certain))

    def _deliver(self, node_id: str, batches: Iterable[Batch]) -> None:
        readers = self._readers[node_id]
        for batch in batches:
            if batch.height:
                self.rows[node_id] += batch.height
                if self.tap is not None:
                    self.tap(node_id, batch)
                for reader, port in readers:
                    self._inbox[reader].append((port, batch))
