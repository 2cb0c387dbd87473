"""Rows that keep the id of what they were made of, or have one that is hashed from it: filters, unions, links."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import RESULT, ROW, Consumed, consumed, of_pairs, reach, together
from slac.evidence.lineage.sight import Sight
from slac.plan.graph import Plan
from slac.plan.nodes import LateNode, LinkInNode, LinkOutNode, SelectNode, UnionNode
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, TIME_TYPE
from slac.stream.ids import reid


@consumed.register
def _(node: SelectNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    rows = _of_time(results, node.inputs[0], sight)
    named = reid(rows, sight.plan.document, node.block) if node.reid and rows.height else rows
    return [of_pairs(node.inputs[0], results, rows, together(results, named, [ID, TIME]))]


@consumed.register
def _(node: UnionNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    return [same_rows(results, stream, sight) for stream in dict.fromkeys(node.inputs)]


@consumed.register
def _(node: LinkInNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """The rows that were sent are in the logs of the senders."""
    sender = sender_of(sight.plan, node)
    if sender is None:
        return []
    rows = _of_time(results, sender, sight)
    left = results.with_row_index(RESULT).select(RESULT, ID, TIME)
    pairs = left.join(rows.with_row_index(ROW).select(ROW, ID, TIME), on=[ID, TIME]).select(RESULT, ROW)
    return [of_pairs(sender, results, rows, pairs, across=True)]


@consumed.register
def _(node: LateNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """A late row is told at the watermark that it met, with its own time beside."""
    rows = sight.rows(node.inputs[0], high=reach(results)[1])
    if ARRIVAL_WATERMARK not in rows.columns:
        return []
    rows = rows.filter(pl.col(ARRIVAL_WATERMARK).is_not_null())
    if not rows.height:
        return []
    named = reid(rows, sight.plan.document, node.id)
    met = named.with_columns(pl.col(ARRIVAL_WATERMARK).cast(TIME_TYPE).alias(TIME))
    return [of_pairs(node.inputs[0], results, rows, together(results, met, [ID, TIME]))]


def sender_of(plan: Plan, node: LinkInNode) -> str | None:
    """The node whose rows come in over a link."""
    ends = (n for n in plan.nodes if isinstance(n, LinkOutNode))
    return next((n.inputs[0] for n in ends if n.stream == node.stream and n.node == node.origin), None)


def same_rows(results: pl.DataFrame, stream: str, sight: Sight, role: str = "") -> Consumed:
    """The rows with the ids and times of the results."""
    rows = _of_time(results, stream, sight)
    return of_pairs(stream, results, rows, together(results, rows, [ID, TIME]), role=role)


def _of_time(results: pl.DataFrame, stream: str, sight: Sight) -> pl.DataFrame:
    low, high = reach(results)
    return sight.rows(stream, low=low, high=high)
