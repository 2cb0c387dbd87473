"""How the rows of a window are made where its aggregates are estimates: with what is known of their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from slac.plan.estimates.calls import has_estimates
from slac.plan.estimates.columns import EstimatedColumns
from slac.plan.intervals.columns import Steps
from slac.plan.lowering import lower
from slac.plan.nodes import WindowNode
from slac.stream.batch import BOUNDS, KEPT, SEEN

CONFIDENCE: Final = 0.95
"""Of intervals where no contract says another."""


@dataclass(frozen=True, slots=True)
class EstimatedRows:
    """`columns` makes the values of the aggregates, `finals` picks them; then `project` and `then`, and `bounds`."""

    columns: EstimatedColumns
    finals: list[pl.Expr]
    project: list[pl.Expr]
    then: list[list[pl.Expr]]
    bounds: list[pl.Expr]


def estimated_rows(node: WindowNode) -> EstimatedRows | None:
    """None for a node without estimates, and for one that says partial rows."""
    if not has_estimates(node.aggregates) or node.role in ("partial", "merged"):
        return None
    confidence = CONFIDENCE if node.contract is None else node.contract.confidence
    whole, bounded = node.units == "whole", node.units != "keys"
    columns = EstimatedColumns(
        node.aggregates, confidence, node.counted, bounded=bounded, whole=whole, together=node.together
    )
    steps = Steps(columns.known)
    project = [*(lower(p.expr).alias(p.name) for p in node.project), *steps.step(node.project)]
    then = [[lower(t.expr).alias(t.name), *steps.step([t])] for t in node.then]
    bounds = steps.together({f.name: f.dtype for f in node.schema.fields})
    finals = [pl.col(n) for n in (SEEN, KEPT, *(one.name for one in columns.calls), *columns.columns)]
    return EstimatedRows(columns, finals, project, then, [] if bounds is None else [bounds])


def without_bounds(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that are all exact need no bounds."""
    return rows.drop(BOUNDS) if rows[BOUNDS].null_count() == rows.height else rows
