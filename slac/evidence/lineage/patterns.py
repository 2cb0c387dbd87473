"""What matches are made of: the rows that their tags bind, as the pattern told it."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import LOG, RESULT, ROW, Consumed, consumed, of_pairs, reach
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import CONSUMED
from slac.plan.nodes import PatternNode
from slac.stream.batch import ID


@consumed.register
def _(node: PatternNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    told = sight.edges(node.id).select(LOG, ID, CONSUMED).unique()
    wanted = results.with_row_index(RESULT).select(RESULT, LOG, ID).join(told, on=[LOG, ID])
    first, high = reach(results)
    # A match that ends with a timer may be told as long as that behind its last event.
    low = None if node.within is None else first - 2 * node.within
    found = []
    for stream in dict.fromkeys(node.inputs):
        rows = sight.rows(stream, low=low, high=high)
        right = rows.with_row_index(ROW).select(ROW, LOG, pl.col(ID).alias(CONSUMED))
        found.append(of_pairs(stream, results, rows, wanted.join(right, on=[LOG, CONSUMED]).select(RESULT, ROW)))
    return found
