"""What rows of windows are made of: the rows of their key between the first and the last instant of the window."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import AT, RESULT, ROW, Consumed, at, consumed, latest, of_pairs, reach, together
from slac.evidence.lineage.sight import Sight
from slac.evidence.log.frames import LATE
from slac.plan.aggregates import follows_order
from slac.plan.nodes import WindowNode
from slac.stream.batch import ARRIVAL_WATERMARK, TIME, WINDOW_START

_START, _LAST = "#start", "#last"
_BOUNDS = (pl.col(WINDOW_START).cast(pl.Int64).alias(_START), at().alias(_LAST))


@consumed.register
def _(node: WindowNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    if node.window.kind == "running":
        return _running(node, results, sight)
    if node.role in ("merged", "final"):
        return [_partials(node, results, sight)]
    low = reach(results, WINDOW_START)[0]
    rows = _taken(node, sight.rows(node.inputs[0], low=low, high=reach(results)[1]))
    within = pl.col(AT).is_between(pl.col(_START), pl.col(_LAST))
    if ARRIVAL_WATERMARK in rows.columns and node.late == "drop":
        met = rows[ARRIVAL_WATERMARK]
        pairs = _pairs(node, results, rows, within)
        # A row that came when its window was over was left out of it.
        end = results[TIME].cast(pl.Int64)[pairs[RESULT]] + 1
        pairs = pairs.filter((met[pairs[ROW]] < end).fill_null(value=True))
        return [of_pairs(node.inputs[0], results, rows, pairs)]
    return [of_pairs(node.inputs[0], results, rows, _pairs(node, results, rows, within))]


def _pairs(node: WindowNode, results: pl.DataFrame, rows: pl.DataFrame, within: pl.Expr) -> pl.DataFrame:
    if all(key in results.columns for key in node.keys):
        return together(results, rows, node.keys, within, take=_BOUNDS)
    return together(results, rows, (), within, take=_BOUNDS)


def _taken(node: WindowNode, rows: pl.DataFrame) -> pl.DataFrame:
    """Windows that work in order, and those of a key's own, take no late row at all."""
    in_order = node.window.kind in ("session", "sliding", "running") or follows_order(node.aggregates)
    return rows.filter(~pl.col(LATE)) if in_order and node.late == "drop" and rows.height else rows


def _partials(node: WindowNode, results: pl.DataFrame, sight: Sight) -> Consumed:
    """The partial rows of the same window."""
    low, high = reach(results)
    rows = sight.rows(node.inputs[0], low=low, high=high)
    return of_pairs(node.inputs[0], results, rows, together(results, rows, (*node.keys, WINDOW_START, TIME)))


def _running(node: WindowNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """Its own row and those of the instant, and what was said of the key before: that stands for all before it."""
    low, high = reach(results)
    rows = _taken(node, sight.rows(node.inputs[0], low=low, high=high))
    own = of_pairs(node.inputs[0], results, rows, together(results, rows, (*node.keys, TIME)), role="its own rows")
    before = sight.rows(node.id, low=low - node.retain, high=high)
    earlier = together(results, before, node.keys, pl.col(AT) < pl.col(_LAST), take=(at().alias(_LAST),))
    witness = of_pairs(
        node.id, results, before, latest(results, before, earlier), witness=True, role="what was said before"
    )
    return [own, witness]
