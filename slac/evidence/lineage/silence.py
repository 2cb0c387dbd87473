"""What silence is made of: the row before it, and the row that ended it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from slac.evidence.lineage.base import AT, Consumed, consumed, latest, of_pairs, reach, together
from slac.evidence.lineage.machines import LAST, TAKE, said_before
from slac.evidence.lineage.rows import same_rows
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import LATE
from slac.plan.nodes import AbsenceNode

_SEEN = "#seen"


@consumed.register
def _(node: AbsenceNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    if node.role == "partial":
        return [same_rows(results, node.inputs[0], sight)]
    found = [_before(node, results, sight)]
    if found[0].rows.height and found[0].rows[LATE].any():
        found.append(_known_by(node, results, sight))
    ended = results.filter(pl.col("kind") == "resolved")
    if ended.height:
        rows = sight.rows(node.inputs[0], low=reach(ended)[0], high=reach(ended)[1])
        pairs = together(ended, rows, node.keys, pl.col(AT) == pl.col(LAST), take=TAKE)
        found.append(of_pairs(node.inputs[0], ended, rows, latest(ended, rows, pairs), role="ended it"))
    going = results.filter(pl.col("kind") != "raised")
    if going.height:
        raised = said_before(going, node.id, node.keys, sight, node.silence + node.retain)
        found.append(raised)
        if raised.rows.height:
            found.append(replace(_before(node, raised.rows, sight), witness=True, role="led to it"))
    return found


def _known_by(node: AbsenceNode, results: pl.DataFrame, sight: Sight) -> Consumed:
    """A late row only counts for a key that is known: the last row of it that was on time."""
    known = results.filter(pl.col("last_seen").is_not_null())
    seen = known.with_columns(pl.col("last_seen").cast(pl.Int64).alias(_SEEN))
    low, high = reach(known, "last_seen")
    rows = sight.rows(node.inputs[0], low=low - node.silence - node.retain, high=high)
    rows = rows.filter(~pl.col(LATE)) if rows.height else rows
    pairs = together(seen, rows, node.keys, pl.col(AT) <= pl.col(_SEEN), take=(pl.col(_SEEN),))
    return of_pairs(node.inputs[0], known, rows, latest(known, rows, pairs), role="known by")


def _before(node: AbsenceNode, results: pl.DataFrame, sight: Sight) -> Consumed:
    """The last row of the key before the silence; none where the run began with it."""
    known = results.filter(pl.col("last_seen").is_not_null())
    seen = known.with_columns(pl.col("last_seen").cast(pl.Int64).alias(_SEEN))
    low, high = reach(known, "last_seen") if known.height else (0, -1)
    rows = sight.rows(node.inputs[0], low=low, high=high)
    pairs = together(seen, rows, node.keys, pl.col(AT) == pl.col(_SEEN), take=(pl.col(_SEEN),))
    return of_pairs(node.inputs[0], known, rows, latest(known, rows, pairs), role="the last before the silence")
