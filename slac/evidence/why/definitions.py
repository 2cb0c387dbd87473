"""What a block says, line by line, as the plan has it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

from slac.evidence.why.values import sql_of
from slac.plan.expressions import AggregateCall, Column, NamedExpr
from slac.plan.guards import settle_text
from slac.plan.nodes import AnyNode, AuditNode, PatternNode, SelectNode, StateSpec, ViolationNode, WindowNode
from slac.plan.render.describe import describe


@singledispatch
def definition(node: AnyNode) -> list[str]:
    """The lines of one node."""
    return [describe(node)]


@definition.register
def _(node: SelectNode) -> list[str]:
    lines = [describe(node)]
    if node.where is not None:
        lines.append(f"where: {sql_of(node.where)}")
    computed = (c for c in node.columns or () if not isinstance(c.expr, Column) or c.expr.name != c.name)
    return [*lines, *named(computed)]


@definition.register
def _(node: WindowNode) -> list[str]:
    calls = {call.name: call for call in node.aggregates}
    return [describe(node), *(f"{c.name}: {aggregate_text(c, calls)}" for c in node.project), *named(node.then)]


@definition.register
def _(node: AuditNode) -> list[str]:
    return [describe(node), *(_state(s) for s in node.states)]


@definition.register
def _(node: ViolationNode) -> list[str]:
    settle = f", for {settle_text(node.settle)}" if node.settle is not None else ""
    return [describe(node), f"must not hold: {node.condition_sql or sql_of(node.condition)}{settle}"]


@definition.register
def _(node: PatternNode) -> list[str]:
    return [describe(node), *named(node.columns)]


def named(columns: Iterable[NamedExpr]) -> list[str]:
    """Columns with what they are computed from."""
    return [f"{c.name}: {c.sql or sql_of(c.expr)}" for c in columns]


def aggregate_text(column: NamedExpr, calls: dict[str, AggregateCall]) -> str:
    """A column of a window, as the user wrote it; else the aggregate that it is."""
    if column.sql:
        return column.sql
    if isinstance(column.expr, Column) and column.expr.name in calls:
        call = calls[column.expr.name]
        return call.sql or call.function.upper()
    return sql_of(column.expr)


def _state(state: StateSpec) -> str:
    settle = f", for {settle_text(state.settle)}" if state.settle is not None else ""
    when = f" when {state.when_sql or sql_of(state.when)}{settle}" if state.when_sql or settle else ""
    return f"{state.name}{when}: {state.verdict}"
