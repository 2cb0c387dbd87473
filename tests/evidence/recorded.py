"""What runtimes of a harness did, recorded in memory: a source of rows for lineage, without files or threads."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage import LOG
from slac.evidence.lineage.sight import NOTHING
from slac.evidence.log.nodes import logged_nodes, verdict_nodes
from slac.evidence.recorder.collector import Collector
from slac.evidence.recorder.held import Held
from slac.plan.nodes import LinkInNode, SourceNode
from slac.testing import Harness


class Recorded:
    """Records all cores of a harness; a `slac.evidence.lineage.RowSource` once `stop` was called."""

    def __init__(self, harness: Harness) -> None:
        self.collectors: list[Collector] = []
        self.held: list[Held] = []
        self._nodes: list[frozenset[str]] = []
        for (node, _), core in harness.cores.items():
            part = harness.plan.part(node)
            rim = frozenset(n.id for n in part.nodes if isinstance(n, SourceNode | LinkInNode))
            collector = Collector(1, rim=rim, precious=verdict_nodes(part), pressure=lambda: 0.0)
            collector.nodes = logged_nodes(part)
            core.flow.record(collector)
            self.collectors.append(collector)
            self.held.append(Held({n.id: n.schema.names for n in part.nodes if n.id in collector.nodes}, 1 << 40))

    def stop(self) -> None:
        """Nothing more is recorded."""
        for collector, held in zip(self.collectors, self.held, strict=True):
            held.add(collector.taken()[0], 0)

    @property
    def nodes(self) -> frozenset[str]:
        """As `RowSource.nodes`."""
        return frozenset[str]().union(*(h.nodes for h in self.held))

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """As `RowSource.rows`."""
        return _together([h.rows(node, low=low, high=high) for h in self.held])

    def edges(self, node: str) -> pl.DataFrame:
        """As `RowSource.edges`."""
        return _together([h.edges(node) for h in self.held])


def _together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    placed = [f.with_columns(pl.lit(n, pl.UInt16).alias(LOG)) for n, f in enumerate(frames) if f.height]
    return pl.concat(placed, how="diagonal_relaxed") if placed else next(iter(frames), NOTHING)
