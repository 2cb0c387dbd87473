"""Makes verdicts again from nothing but their evidence, node by node: what is found is what was said, or is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from slac.evidence.lineage.base import LOG, Consumed, edges_of
from slac.evidence.lineage.closure import Closure, closure
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import LATE, SEQ, as_came
from slac.evidence.replay.path import is_sighted
from slac.plan.nodes import (
    AnyNode,
    IntervalJoinNode,
    LinkInNode,
    PatternNode,
    SelectNode,
    SourceNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ID, SEEN, TIME, Batch

_MADE_OF_ROWS: Final = SelectNode | UnionNode | WindowNode | PatternNode | TracesNode | IntervalJoinNode | ViolationNode


def said_again(sight: Sight, node_id: str, row: pl.DataFrame, lacking: set[str] | None = None) -> pl.DataFrame:
    """The row of `node_id` with the id of `row` (one row), made of what `sight` has; empty where it is not said.

    Rows of which nothing is there that they were made of are taken as they were logged; their nodes are added to
    `lacking`.
    """
    made = closure(sight, {node_id: row})
    until = int(row[TIME].cast(pl.Int64).item())
    said: dict[str, pl.DataFrame] = {}
    for node in sight.plan.nodes:
        if node.id in made.rows:
            said[node.id] = _said(node, made, said, until, sight)
            if lacking is not None and _lacks(node, made, sight):
                lacking.add(node.id)
    found = said[node_id]
    return found.filter(pl.col(ID) == row[ID].item()) if found.height else found


def _said(node: AnyNode, made: Closure, said: Mapping[str, pl.DataFrame], until: int, sight: Sight) -> pl.DataFrame:
    """Rows of one node: as they were logged where they came in or are witnesses, else as the operator says them."""
    logged, followed = made.rows[node.id], made.followed.get(node.id)
    found = made.consumed.get(node.id, [])
    own = [c for c in found if c.node != node.id]
    if followed is None or not any(c.rows.height for c in own) or _is_given(node):
        return logged
    witnesses = logged.join(followed, on=[LOG, SEQ, ID], how="anti", maintain_order="left")
    if isinstance(node, LinkInNode):
        sent = pl.concat([_of(c, said) for c in own], how="diagonal_relaxed")
        again = followed.select(LOG, SEQ, LATE, ID).join(sent.drop(LOG, SEQ, LATE), on=ID)
        return pl.concat([witnesses, again], how="diagonal_relaxed")
    made_here = [
        _run(node, own, said, until, sight.plan.document, log).join(
            rows.select(ID, SEQ, LATE).unique(ID, keep="last"), on=ID
        )
        for (log,), rows in followed.partition_by(LOG, as_dict=True, maintain_order=True).items()
    ]
    return pl.concat([witnesses, *made_here], how="diagonal_relaxed")


def _lacks(node: AnyNode, made: Closure, sight: Sight) -> bool:
    """Whether some row of a node that is made of rows has none, though they are logged."""
    rows = made.followed.get(node.id)
    if not isinstance(node, _MADE_OF_ROWS) or rows is None or is_sighted(node):
        return False
    blocks = {sight.plan[i].block for i in node.inputs}
    if any(sight.plan.data.logging.blocks.get(block) == "off" for block in blocks):
        return False
    if isinstance(node, WindowNode) and SEEN in rows.columns:
        rows = rows.filter(pl.col(SEEN).fill_null(1) > 0)
    found = edges_of(made.consumed.get(node.id, ()))
    return bool(rows.join(found, on=[LOG, ID], how="anti").height)


def _run(
    node: AnyNode, own: list[Consumed], said: Mapping[str, pl.DataFrame], until: int, document: str, log: object
) -> pl.DataFrame:
    operator = build_operator(node, OperatorContext(document=document))
    batches: list[Batch] = []
    for port, stream in enumerate(node.inputs):
        parts = [_of(c, said) for c in own if c.node == stream and c.rows.height]
        if not parts:
            continue
        rows = pl.concat(parts, how="diagonal_relaxed").filter(pl.col(LOG) == log)
        rows = rows.sort(SEQ, maintain_order=True).unique(ID, keep="last", maintain_order=True)
        for (late,), part in rows.partition_by(LATE, as_dict=True, maintain_order=True).items():
            batches += operator.on_batch(port, Batch(as_came(part.drop(LOG)), late=bool(late)))
    batches += operator.on_watermark(until + 1)
    frames = [b.frame for b in batches if b.height]
    if not frames:
        return pl.DataFrame(schema={LOG: pl.UInt16(), ID: pl.UInt64()})
    return pl.concat(frames, how="diagonal_relaxed").select(pl.lit(log, pl.UInt16).alias(LOG), pl.all())


def _of(found: Consumed, said: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The consumed rows, as they were made again; witnesses as they were logged."""
    if found.witness or found.node not in said:
        return found.rows
    return said[found.node].join(found.rows.select(LOG, ID).unique(), on=[LOG, ID], how="semi")


def _is_given(node: AnyNode) -> bool:
    """Whether rows of a node are not made again: they came in, or what led to them no log holds.

    The latter are running windows, which go back to a witness, and conditions over sensitive fields.
    """
    is_running = isinstance(node, WindowNode) and node.window.kind == "running"
    return isinstance(node, SourceNode) or is_running or is_sighted(node)
