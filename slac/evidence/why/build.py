"""From a verdict to the tree of what it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from slac.evidence.lineage import LOG, Consumed, Sight, closure
from slac.evidence.lineage.base import CONSUMED_LOG
from slac.evidence.lineage.closure import Closure
from slac.evidence.log.frames import CONSUMED, LATE, SEQ
from slac.evidence.why.arithmetic import arithmetic
from slac.evidence.why.definitions import definition
from slac.evidence.why.step import Group, Step
from slac.evidence.why.values import instant, plain
from slac.plan.nodes import AnyNode, LinkInNode, LinkOutNode
from slac.plan.render.describe import describe
from slac.stream.batch import ID, META, REVISION, TIME, WINDOW_START
from slac.stream.ids import format_id

FEW: Final = 3
"""So many rows of a group are shown, unless all are asked for: the first ones and the last."""
_HIDDEN: Final = frozenset((*META, SEQ, LATE, LOG))
_NUMBERS: Final = (pl.Int64, pl.Float64, pl.Int32, pl.UInt32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    sight: Sight
    made: Closure
    runtimes: Sequence[str]
    few: int

    def step(self, node: AnyNode, row: pl.DataFrame, *, follow: bool) -> Step:
        """One row (a frame of height 1)."""
        found = self._of_row(node, row) if follow else []
        values = {n: v for n, v in row.row(0, named=True).items() if n not in _HIDDEN and not n.startswith("_")}
        at: Any = row.row(0, named=True)
        start = at.get(WINDOW_START)
        groups = [self._group(c) for c in found if c.rows.height]
        return Step(
            block=node.block,
            node=node.id,
            what=describe(node),
            id=format_id(at[ID]),
            time=instant(at[TIME]),
            revision=at.get(REVISION) or 0,
            runtime=self.runtimes[at[LOG]] if at[LOG] < len(self.runtimes) else "",
            window_start=None if start is None else instant(start),
            values={name: plain(value) for name, value in values.items()},
            definition=definition(node),
            arithmetic=arithmetic(node, at, found) if follow else [],
            inputs=groups,
        )

    def _of_row(self, node: AnyNode, row: pl.DataFrame) -> list[Consumed]:
        """Of what all rows of the node consumed, that of this one; hidden nodes in between are left out."""
        mine = []
        for one in self.made.consumed.get(node.id, ()):
            edges = one.edges.join(row.select(LOG, ID), on=[LOG, ID], how="semi")
            keys = edges.select(pl.col(CONSUMED_LOG).alias(LOG), pl.col(CONSUMED).alias(ID)).unique()
            rows = one.rows.join(keys, on=[LOG, ID], how="semi", maintain_order="left")
            mine.append(Consumed(node=one.node, rows=rows, edges=edges, witness=one.witness, role=one.role))
        return mine

    def _group(self, found: Consumed) -> Group:
        node = self.sight.plan[found.node]
        rows = found.rows.sort(TIME, ID)
        chosen = rows if rows.height <= self.few else pl.concat([rows.head(self.few - 1), rows.tail(1)])
        first, last = rows.row(0, named=True)[TIME], rows.row(-1, named=True)[TIME]
        return Group(
            block=node.block,
            node=node.id,
            role=found.role,
            witness=found.witness,
            count=rows.height,
            first=instant(first),
            last=instant(last),
            spans=_spans(rows) if rows.height > self.few else {},
            steps=[self.step(node, one, follow=not found.witness) for one in chosen.iter_slices(1)],
        )


def explain(
    sight: Sight, node_id: str, row: pl.DataFrame, *, runtimes: Sequence[str] = (), everything: bool = False
) -> tuple[Step, Closure]:
    """The tree behind one row (a frame of height 1) of a node, and all that it was made of."""
    made = closure(sight, {node_id: row})
    builder = _Builder(sight=sight, made=made, runtimes=runtimes, few=1 << 62 if everything else FEW)
    return builder.step(sight.plan[node_id], row, follow=True), made


def path_of(made: Closure, sight: Sight) -> frozenset[str]:
    """The nodes that some row of the explanation is of, with the links between them."""
    lit = {node for node, rows in made.rows.items() if rows.height}
    ends = {n.id for n in sight.plan.nodes if isinstance(n, LinkOutNode) and n.inputs[0] in lit}
    streams = {n.stream for n in sight.plan.nodes if isinstance(n, LinkInNode) and n.id in lit}
    return frozenset(lit | {e for e in ends if _stream(sight, e) in streams})


def _stream(sight: Sight, node_id: str) -> str:
    node = sight.plan[node_id]
    return node.stream if isinstance(node, LinkOutNode) else ""


def _spans(rows: pl.DataFrame) -> dict[str, tuple[object, object]]:
    names = [n for n in rows.columns if n not in _HIDDEN and not n.startswith("_") and rows[n].dtype in _NUMBERS]
    return {n: (plain(rows[n].min()), plain(rows[n].max())) for n in names if rows[n].null_count() < rows.height}
