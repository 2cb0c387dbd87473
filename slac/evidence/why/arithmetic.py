"""How the values of a row came about: its block's expressions with the numbers in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

import polars as pl

from slac.evidence.lineage import Consumed
from slac.evidence.log.frames import as_came
from slac.evidence.why.definitions import aggregate_text
from slac.evidence.why.estimated import interval, left_open
from slac.evidence.why.values import instant, shown, sql_of, with_values
from slac.plan.aggregates import final_exprs, merge_exprs, partial_exprs
from slac.plan.expressions import Case, Column, NamedExpr
from slac.plan.lowering import lower
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    LatestJoinNode,
    SelectNode,
    StepsNode,
    ViolationNode,
    WindowNode,
)
from slac.stream.batch import BOUNDS, SEEN

Row = Mapping[str, Any]


@singledispatch
def arithmetic(node: AnyNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    """Lines that say what was computed; `row` are the columns of a result, `found` what it consumed."""
    del node, row, found
    return []


@arithmetic.register
def _(node: SelectNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    before = _first(found)
    lines = [] if node.where is None else [f"where {with_values(node.where, before)} is TRUE"]
    computed = (c for c in node.columns or () if not isinstance(c.expr, Column) and c.name in row)
    return [*lines, *(f"{c.name} = {with_values(c.expr, before)} = {shown(row[c.name])}" for c in computed)]


@arithmetic.register
def _(node: WindowNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    rows = [c for c in found if not c.witness]
    count = sum(c.rows.height for c in rows)
    calls = {call.name: call for call in node.aggregates}
    values = _aggregated(node, rows)
    over = f"over {count} {'partial row' if node.role == 'final' else 'row'}{'' if count == 1 else 's'}"
    if not count and (row.get(SEEN) or 0) > 0:
        over = "over rows that are not in the log"
    if any(c.witness and c.rows.height for c in found):
        over += ", and all that was said before"
    lines = []
    for column in node.project:
        if column.name not in row:
            continue
        text = aggregate_text(column, calls)
        worked = "" if isinstance(column.expr, Column) or not values else f" = {with_values(column.expr, values)}"
        known = interval(column.name, row)
        lines.append(f"{column.name} = {text}{worked} = {shown(row[column.name])} {over}{known}")
    then = (c for c in node.then if c.name in row)
    return [*lines, *(f"{_worked(c, row)}{interval(c.name, row)}" for c in then)]


@arithmetic.register
def _(node: AuditNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    moved = _last(found, node.inputs[0])
    mine = (s for s in node.states if s.name == row.get("state") and moved and s.when_sql)
    lines = [f"{s.name}: {s.when_sql}: {with_values(s.when, moved)} is TRUE" for s in mine]
    if row.get("verdict") == "UNDECIDED":
        # It has the state that it had before: what is certain of it is nothing that this row says.
        lines = list(left_open(node, moved)) if moved.get(BOUNDS) else []
    kind, state, before = row.get("kind"), row.get("state"), row.get("previous")
    told = f"{before} -> {state}" if before is not None and before != state else f"{state}"
    lines.append(f"{kind}: {told}, {row.get('verdict')}, since {shown(row.get('since'))}")
    return lines


@arithmetic.register
def _(node: ViolationNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    moved = _last(found, node.inputs[0])
    holds = "TRUE" if row.get("kind") in ("raised", "stay") else "not TRUE"
    condition = node.condition_sql or sql_of(node.condition)
    return [f"{condition}: {with_values(node.condition, moved)} is {holds}"] if moved else []


@arithmetic.register
def _(node: AbsenceNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    del found
    seen = row.get("last_seen")
    last = f"the last row before was at {instant(seen)}" if seen is not None else "no row had come since the start"
    return [f"{last}, and {node.silence / 1e6:g}s passed without one"] if row.get("kind") == "raised" else [last]


@arithmetic.register
def _(node: LatestJoinNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    names = [f"{node.alias}.{c}" for c in node.right_columns if f"{node.alias}.{c}" in row]
    if not any(c.role == "latest" and c.rows.height for c in found):
        return [f"{node.alias}: no row of {node.inputs[1]} was known"]
    return [f"{name} = {shown(row[name])}, the latest by then" for name in names]


@arithmetic.register
def _(node: StepsNode, row: Row, found: Sequence[Consumed]) -> list[str]:
    del found
    return [f"{c.sql or c.function.upper()} = {shown(row[c.name])}" for c in node.steps if c.name in row]


def _aggregated(node: WindowNode, found: Sequence[Consumed]) -> Row:
    """The values of the aggregates over what was consumed, where that is all there was."""
    frames = [c.rows for c in found if c.rows.height]
    if not frames or node.window.kind == "running" or node.role not in ("whole", "final"):
        return {}
    rows = as_came(pl.concat(frames, how="diagonal_relaxed"))
    exprs = merge_exprs(node.aggregates) if node.role == "final" else partial_exprs(node.aggregates, rows.columns)
    made = rows.sort("_time", "_id").group_by(pl.lit(1).alias("#g")).agg(exprs).select(final_exprs(node.aggregates))
    return made.row(0, named=True)


def _worked(column: NamedExpr, row: Row) -> str:
    """A computed column with the values in it; of a CASE the branch that was taken."""
    value = shown(row[column.name])
    if not isinstance(column.expr, Case):
        return f"{column.name} = {with_values(column.expr, row)} = {value}"
    for when, _ in column.expr.branches:
        if _is_true(when, row):
            return f"{column.name} = {value} since {sql_of(when)}: {with_values(when, row)}"
    failed = "; ".join(f"{sql_of(when)}: {with_values(when, row)}" for when, _ in column.expr.branches)
    return f"{column.name} = {value} since nothing else is true: {failed}"


def _is_true(expr: Any, row: Row) -> bool:
    frame = pl.DataFrame({name: [value] for name, value in row.items()}, strict=False)
    return frame.select(lower(expr).alias("#is")).item() is True


def _first(found: Sequence[Consumed]) -> Row:
    rows = next((c.rows for c in found if c.rows.height), None)
    return {} if rows is None else rows.row(0, named=True)


def _last(found: Sequence[Consumed], stream: str) -> Row:
    """The last row of what moved a machine."""
    frames = [c.rows for c in found if c.node == stream and not c.witness and c.rows.height]
    return frames[0].sort("_time", "_id").row(-1, named=True) if frames else {}
