"""What joins put together, and the sample before that a step starts from."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import (
    AT,
    LOG,
    RESULT,
    ROW,
    Consumed,
    at,
    consumed,
    latest,
    of_pairs,
    reach,
    together,
)
from slac.evidence.lineage.rows import same_rows
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import LATE, SEQ
from slac.plan.nodes import IntervalJoinNode, LatestJoinNode, StepsNode
from slac.stream.batch import ID
from slac.stream.ids import row_ids

_LAST = "#last"


@consumed.register
def _(node: LatestJoinNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    left = same_rows(results, node.inputs[0], sight, role="left")
    low, high = reach(results)
    right = sight.rows(node.inputs[1], low=None if node.table else low - node.retain, high=high)
    right = right.filter(~pl.col(LATE)) if right.height and not node.restate else right
    met = made_with(left.rows, results)
    pairs = _before(met, right, node.by, strict=node.strict, lasts=None if node.table else node.retain)
    found = of_pairs(node.inputs[1], met, right, latest(met, right, pairs), role="latest")
    return [left, found]


@consumed.register
def _(node: StepsNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    own = same_rows(results, node.inputs[0], sight)
    low, high = reach(results)
    rows = sight.rows(node.inputs[0], low=low - node.retain, high=high)
    rows = rows.filter(~pl.col(LATE)) if rows.height else rows
    met = made_with(own.rows, results)
    pairs = _before(met, rows, node.keys, strict=False, lasts=node.retain, by_id=True)
    before = of_pairs(node.inputs[0], met, rows, latest(met, rows, pairs), role="the sample before")
    return [own, before]


@consumed.register
def _(node: IntervalJoinNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """Pairs are found again among the candidates, by the ids that they make."""
    before, after = node.reach
    low, high = reach(results)
    span = before + after
    left = sight.rows(node.inputs[0], low=low - span, high=high)
    right = sight.rows(node.inputs[1], low=low - span, high=high)
    pairs = _near(left, right, node)
    ids = row_ids(
        pl.DataFrame([left[ID][pairs[RESULT]].alias("l"), right[ID][pairs[ROW]].alias("r")]),
        sight.plan.document,
        node.block,
        ("l", "r"),
    )
    named = pairs.with_columns(ids.alias(ID), left[LOG][pairs[RESULT]].alias(LOG))
    alone = pl.DataFrame([left[ID].alias("l"), pl.Series("r", [None] * left.height, pl.UInt64)])
    alone_ids = row_ids(alone, sight.plan.document, node.block, ("l", "r"))
    lone = pl.DataFrame(
        [
            pl.Series(RESULT, range(left.height), pl.UInt32),
            pl.Series(ROW, [None] * left.height, pl.UInt32),
            alone_ids.alias(ID),
            left[LOG],
        ]
    )
    met = results.with_row_index("#n").select("#n", LOG, ID).join(pl.concat([named, lone]), on=[LOG, ID])
    sides = []
    for stream, rows, column in ((node.inputs[0], left, RESULT), (node.inputs[1], right, ROW)):
        places = met.drop_nulls(column).select(pl.col("#n").alias(RESULT), pl.col(column).alias(ROW))
        sides.append(of_pairs(stream, results, rows, places, role="left" if column == RESULT else "right"))
    return sides


def made_with(rows: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Rows that kept their ids, with the `_seq` of what was made of them: a row waits for its partner."""
    return rows.drop(SEQ).join(results.select(LOG, ID, SEQ), on=[LOG, ID], maintain_order="left")


def _near(left: pl.DataFrame, right: pl.DataFrame, node: IntervalJoinNode) -> pl.DataFrame:
    before, after = node.reach
    gap = pl.col(AT) - pl.col(_LAST)
    within = (gap > -before) & (gap < after)
    return together(left, right, node.by, within, take=(at().alias(_LAST),))


def _before(
    results: pl.DataFrame,
    rows: pl.DataFrame,
    keys: tuple[str, ...],
    *,
    strict: bool,
    lasts: int | None,
    by_id: bool = False,
) -> pl.DataFrame:
    """Rows of the key up to each result's instant; `by_id`: of the same instant only those with a lower id."""
    if not results.height or not rows.height:
        return together(results, rows, ())
    keyed = results.with_row_index(RESULT).drop_nulls(keys) if keys else results.with_row_index(RESULT)
    age = pl.col(_LAST) - pl.col(AT)
    early = age > 0 if strict or by_id else age >= 0
    if by_id:
        early |= (age == 0) & (pl.col(ID) < pl.col("#own"))
    where = early if lasts is None else early & (age <= lasts)
    take = (at().alias(_LAST), pl.col(ID).alias("#own"))
    found = together(keyed.drop(RESULT), rows, keys, where, take=take)
    return found.with_columns(keyed[RESULT][found[RESULT]].alias(RESULT))
