"""What a report is made of: the rows that led to its state, the report before it, and what its lists hold.

A report that came later than its state (`since`), because something held it back or time alone made it due, also goes
back to the rows with which the state was entered.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from slac.evidence.lineage.base import AT, RESULT, ROW, Consumed, at, consumed, latest, of_pairs, reach, together
from slac.evidence.lineage.machines import LAST, TAKE, back_of, moved_by, said_before
from slac.evidence.lineage.sight import Sight
from slac.plan.guards import Inhibit
from slac.plan.nodes import AuditNode, ReportBody
from slac.stream.batch import TIME

_SINCE = "#since"


@consumed.register
def _(node: AuditNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    found = [*_moved(node, results, sight), *_entered(node, results, sight)]
    reports = results
    # A state that only time leads to goes back to the one before it.
    for _ in range(1 + sum(s.after is not None for s in node.states)):
        before = said_before(reports, node.id, node.keys, sight, node.retain)
        reports = before.rows
        if not reports.height:
            break
        basis = [*_moved(node, reports, sight), *_entered(node, reports, sight)]
        found += [before, *(replace(b, witness=True, role="led to it") for b in basis)]
    found += [_listed(node, body, results, sight) for body in node.report]
    if node.inhibit is not None:
        found.append(_inhibited(node, node.inhibit, results, sight))
    return found


def _moved(node: AuditNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """The last rows; where changes may be held back, all of the period, and as long as a key flaps."""
    count, span = back_of(s.settle for s in node.states)
    if node.flapping is not None:
        span = max(span, node.flapping.within)
    found = [moved_by(results, node.inputs[0], node.keys, sight, back=(count, span), reads=node.retain)]
    if node.holds_back:
        since = _since(node, results)
        rows = sight.rows(node.inputs[0], low=int(since[_SINCE].min() or 0), high=reach(results)[1])  # type: ignore[arg-type]
        within = (pl.col(AT) > pl.col(_SINCE)) & (pl.col(AT) <= pl.col(LAST))
        pairs = together(since, rows, node.keys, within, take=(*TAKE, pl.col(_SINCE)))
        found.append(of_pairs(node.inputs[0], results, rows, pairs, role="in the period"))
    return found


def _entered(node: AuditNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """What led to the state of a report that came later than the state did."""
    later = results.filter(pl.col("since") < pl.col(TIME)).with_columns(pl.col("since").alias(TIME))
    if not later.height:
        return []
    return [replace(found, role="entered the state") for found in _moved(node, later, sight)]


def _listed(node: AuditNode, body: ReportBody, results: pl.DataFrame, sight: Sight) -> Consumed:
    """Rows of the reporting period; a first report takes those of its epoch and the one before."""
    since = _since(node, results)
    rows = sight.rows(node.inputs[body.port], low=int(since[_SINCE].min() or 0), high=reach(results)[1])  # type: ignore[arg-type]
    within = (pl.col(AT) > pl.col(_SINCE)) & (pl.col(AT) <= pl.col(LAST))
    pairs = together(since, rows, node.keys, within, take=(*TAKE, pl.col(_SINCE)))
    return of_pairs(node.inputs[body.port], results, rows, pairs, role=body.name)


def _inhibited(node: AuditNode, inhibit: Inhibit, results: pl.DataFrame, sight: Sight) -> Consumed:
    stream = node.inputs[inhibit.port]
    since = _since(node, results)
    low, high = reach(results)
    rows = sight.rows(stream, low=low - node.retain, high=high)
    take = (*TAKE, pl.col(_SINCE))
    pairs = together(since, rows, inhibit.keys, pl.col(AT) <= pl.col(LAST), take=take)
    times = rows.select(at())[pairs[ROW]].to_series()
    within = pairs.filter(times > since[_SINCE][pairs[RESULT]])
    before = latest(results, rows, pairs.filter(times <= since[_SINCE][pairs[RESULT]]))
    return of_pairs(stream, results, rows, pl.concat([before, within]), role="may silence it")


def _since(node: AuditNode, results: pl.DataFrame) -> pl.DataFrame:
    """Adds the beginning of the reporting period (µs)."""
    epoch = (at() // node.retain - 1) * node.retain - 1
    return results.with_columns(pl.col("period_start").cast(pl.Int64).fill_null(epoch).alias(_SINCE))
