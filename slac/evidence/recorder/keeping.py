"""What is thrown away first when a full log has reached its size: all that no verdict was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from slac.evidence.lineage import LOG, LogRows, Sight, closure
from slac.evidence.log.header import REDUCED, replace_header
from slac.evidence.log.nodes import verdict_nodes
from slac.evidence.log.parts import replace_parts
from slac.evidence.log.reader import LogDirectory, LogSegment
from slac.evidence.log.segment import OpenSegment
from slac.evidence.recorder.history import QUIET
from slac.plan.graph import Plan
from slac.stream.batch import ID

MOST: Final = 10_000
"""So many verdicts of a node are looked at, the latest: what older ones were made of has gone before."""


def reduce_segment(place: Path, part: Plan, number: int) -> int:
    """Leave in a segment what verdicts of the whole log were made of, and the order; returns its bytes then.

    From then on its header says `reduced`. 0: nothing of it is worth keeping. OSError where the disk refuses.
    """
    log = LogDirectory(place)
    segment = next(s for s in log.segments if s.header.number == number)
    sight = Sight(part, LogRows([log]))
    start = {node: rows for node in verdict_nodes(part) if (rows := _verdicts(sight, node)).height}
    kept = closure(sight, start).rows
    return _rewrite(segment, {node: rows for node, rows in kept.items() if rows.height})


def _verdicts(sight: Sight, node: str) -> pl.DataFrame:
    rows = sight.rows(node)
    return rows.filter(~pl.col("kind").is_in(QUIET)).tail(MOST) if "kind" in rows.columns else rows.clear()


def _rewrite(segment: LogSegment, kept: dict[str, pl.DataFrame]) -> int:
    fresh = OpenSegment(segment.path, {}, 0, first=_next_number(segment))
    nodes = {part.node for part in segment.parts if part.kind == "rows"}
    parts = [part for part in segment.parts if part.kind not in ("rows", "state")]
    for node in sorted(nodes & kept.keys()):
        known = kept[node].drop(LOG).select("_seq", ID).unique()
        frames = [
            f.join(known, on=["_seq", ID], how="semi", maintain_order="left") for f in segment.frames("rows", node)
        ]
        if frames and (rows := pl.concat(frames, how="diagonal_relaxed")).height:
            parts.append(fresh.put_rows(node, rows))
    if not any(part.kind == "rows" for part in parts):
        return 0
    replace_parts(segment.path, parts)
    replace_header(segment.path, msgspec.structs.replace(segment.header, mode=REDUCED))
    left = {part.file for part in parts}
    for part in segment.parts:
        if part.file not in left:
            (segment.path / part.file).unlink(missing_ok=True)
    return sum(path.stat().st_size for path in segment.path.rglob("*") if path.is_file())


def _next_number(segment: LogSegment) -> int:
    """Files that are written now must not have the names of those that are read."""
    return max((int(part.file.rsplit(".", 2)[1]) for part in segment.parts), default=0) + 1
