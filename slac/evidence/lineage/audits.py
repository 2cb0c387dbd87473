"""What a report is made of: the rows that led to its state, the report before it, and what its lists hold."""

from __future__ import annotations

import polars as pl

from slac.evidence.lineage.base import AT, Consumed, consumed, latest, of_pairs, reach, together
from slac.evidence.lineage.machines import LAST, TAKE, back_of, moved_by, said_before
from slac.evidence.lineage.sight import Sight
from slac.plan.guards import Inhibit
from slac.plan.nodes import AuditNode, ReportBody

_SINCE = "#since"


@consumed.register
def _(node: AuditNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    before = said_before(results, node.id, node.keys, sight, node.retain)
    found = [_moved(node, results, sight), before]
    if before.rows.height:
        basis = _moved(node, before.rows, sight)
        found.append(Consumed(node=basis.node, rows=basis.rows, edges=basis.edges, witness=True, role="led to it"))
    found += [_listed(node, body, results, sight) for body in node.report]
    if node.inhibit is not None:
        found.append(_inhibited(node, node.inhibit, results, sight))
    return found


def _moved(node: AuditNode, results: pl.DataFrame, sight: Sight) -> Consumed:
    count, span = back_of(s.settle for s in node.states)
    if node.flapping is not None:
        span = max(span, node.flapping.within)
    return moved_by(results, node.inputs[0], node.keys, sight, back=(count, span), reads=node.retain)


def _listed(node: AuditNode, body: ReportBody, results: pl.DataFrame, sight: Sight) -> Consumed:
    """Rows of the reporting period; a first report takes those of its epoch and the one before."""
    epoch = (pl.col("_time").cast(pl.Int64) // node.retain - 1) * node.retain - 1
    since = results.with_columns(pl.col("period_start").cast(pl.Int64).fill_null(epoch).alias(_SINCE))
    rows = sight.rows(node.inputs[body.port], low=int(since[_SINCE].min() or 0), high=reach(results)[1])  # type: ignore[arg-type]
    within = (pl.col(AT) > pl.col(_SINCE)) & (pl.col(AT) <= pl.col(LAST))
    pairs = together(since, rows, node.keys, within, take=(*TAKE, pl.col(_SINCE)))
    return of_pairs(node.inputs[body.port], results, rows, pairs, role=body.name)


def _inhibited(node: AuditNode, inhibit: Inhibit, results: pl.DataFrame, sight: Sight) -> Consumed:
    stream = node.inputs[inhibit.port]
    low, high = reach(results)
    rows = sight.rows(stream, low=low - node.retain, high=high)
    pairs = together(results, rows, inhibit.keys, pl.col(AT) <= pl.col(LAST), take=TAKE)
    return of_pairs(stream, results, rows, latest(results, rows, pairs), role="may silence it")
