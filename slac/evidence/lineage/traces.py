"""What traces are put together from: the records of their key since the trace before it."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import AT, RESULT, ROW, Consumed, at, consumed, latest, of_pairs, reach, together
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import LATE
from slac.plan.nodes import TracesNode

_LAST = "#last"


@consumed.register
def _(node: TracesNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    low, high = reach(results)
    span = 2 * node.spec.within + node.retain
    rows = sight.rows(node.inputs[0], low=low - span, high=high)
    rows = rows.filter(~pl.col(LATE)) if rows.height else rows
    before = sight.rows(node.id, low=low - span, high=high)
    take = (at().alias(_LAST),)
    earlier = latest(results, before, together(results, before, node.keys, pl.col(AT) < pl.col(_LAST), take=take))
    begun = pl.DataFrame({RESULT: earlier[RESULT], "#since": before.select(at())[earlier[ROW]].to_series()})
    since = results.with_row_index(RESULT).select(RESULT).join(begun, on=RESULT, how="left", maintain_order="left")
    bounded = results.with_columns(since["#since"].fill_null(-(1 << 62)).alias("#since"))
    within = (pl.col(AT) <= pl.col(_LAST)) & (pl.col(AT) > pl.col("#since"))
    pairs = together(bounded, rows, node.keys, within, take=(*take, pl.col("#since")))
    return [of_pairs(node.inputs[0], results, rows, pairs)]
