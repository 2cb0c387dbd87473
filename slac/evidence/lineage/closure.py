"""All that rows were made of, directly and indirectly, up to where rows came in or a witness stands for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from slac.evidence.lineage.base import CONSUMED_LOG, LOG, Consumed, consumed
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import CONSUMED, SEQ
from slac.stream.batch import ID


@dataclass(slots=True)
class Closure:
    """By node: all `rows`, those among them that were `followed`, and what was found out about each stream."""

    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    followed: dict[str, pl.DataFrame] = field(default_factory=dict)
    consumed: dict[str, list[Consumed]] = field(default_factory=dict)

    @property
    def seqs(self) -> pl.Series:
        """The entries under which all these rows came or were made (`_log`, `_seq` as a frame would say too much)."""
        frames = [frame[SEQ] for frame in self.rows.values()]
        return pl.concat(frames).unique().sort() if frames else pl.Series(SEQ, [], pl.Int64)


def closure(sight: Sight, start: Mapping[str, pl.DataFrame]) -> Closure:
    """What the rows `start` (by node) were made of, with themselves; stream by stream, against the flow."""
    made = Closure()
    rows: dict[str, list[pl.DataFrame]] = {node: [frame] for node, frame in start.items()}
    follow: dict[str, list[pl.DataFrame]] = {node: [frame] for node, frame in start.items()}
    for node in reversed(sight.plan.nodes):
        frames = follow.get(node.id)
        if not frames:
            continue
        results = made.followed[node.id] = _one(frames)
        made.consumed[node.id] = consumed(node, results, sight) if results.height else []
        for found in made.consumed[node.id]:
            taken = _as_met(found, results) if sight.is_hidden(found.node) else found.rows
            rows.setdefault(found.node, []).append(taken)
            if not found.witness:
                follow.setdefault(found.node, []).append(taken)
    made.rows = {node: _one(frames) for node, frames in rows.items()}
    return made


def _as_met(found: Consumed, results: pl.DataFrame) -> pl.DataFrame:
    """Rows that are made again have the entry of what they were made of; here one by which they were there.

    A row may wait within its block: what it waited for came behind that entry.
    """
    if not found.rows.height:
        return found.rows
    named = found.edges.join(results.select(LOG, ID, pl.col(SEQ).alias("#met")), on=[LOG, ID])
    met = named.group_by(pl.col(CONSUMED_LOG).alias(LOG), pl.col(CONSUMED).alias(ID)).agg(pl.col("#met").min())
    both = found.rows.join(met, on=[LOG, ID], how="left", maintain_order="left")
    return both.with_columns(pl.max_horizontal(SEQ, "#met").alias(SEQ)).drop("#met")


def _one(frames: list[pl.DataFrame]) -> pl.DataFrame:
    kept = [f for f in frames if f.height]
    if not kept:
        return frames[0]
    joined = kept[0] if len(kept) == 1 else pl.concat(kept, how="diagonal_relaxed")
    return joined.unique([LOG, SEQ, ID], keep="first", maintain_order=True)
