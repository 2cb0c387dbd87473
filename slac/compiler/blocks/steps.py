"""RATE, INCREASE and DELTA: which rows are samples of one series, and steps from sample to sample without a window."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import count

from slac.compiler.blocks.context import Lowering, Placed
from slac.compiler.blocks.expressions import distinct, passing, text_of
from slac.compiler.series import series_of
from slac.compiler.sql import Scope, translate_sample
from slac.diagnostics import listed
from slac.language.document import ColumnDecl, ComputationDecl
from slac.plan.aggregates import follows_order
from slac.plan.conditions.streams import facts_of
from slac.plan.expressions import AggregateCall, NamedExpr
from slac.plan.nodes import AnyNode, StepsNode
from slac.stream.types import Field, Schema


def steps(
    block: ComputationDecl, lowering: Lowering, left: AnyNode, scope: Scope
) -> tuple[AnyNode, tuple[NamedExpr, ...]]:
    """Before: `by: series` and `select: [{rate: RATE(value)}]`. After: a node that adds `_a0`, and what is selected.

    Keys come first, as they do behind a window.
    """
    keys = lowering.keys(block.by, left.schema, block.from_.name)
    calls: list[AggregateCall] = []
    selected = list(_selected(block.select or (), lowering, scope, {k.name for k in keys}, calls))
    if not calls:
        return left, tuple(selected)
    check_series(block, lowering, left, {k.name for k in keys}, calls, block.by[0])
    node = lowering.add(
        StepsNode(
            id=f"{block.name}.steps",
            block=block.name,
            node="",
            inputs=(left.id,),
            schema=Schema((*left.schema.fields, *(Field(c.name, c.dtype, c.nullable) for c in calls))),
            depth=lowering.depth(block, left),
            windowed=left.windowed,
            keys=tuple(k.name for k in keys),
            steps=tuple(calls),
            retain=block.retain_us,
        )
    )
    return node, (*passing(Schema(keys)), *selected)


def check_series(
    block: ComputationDecl,
    lowering: Lowering,
    left: AnyNode,
    keys: Collection[str],
    calls: Iterable[AggregateCall],
    at: Placed,
) -> None:
    """Samples of several series in one group follow each other by chance: the keys must tell them apart.

    A column that `where` leaves one value only need not be a key.
    """
    first = next((c for c in calls if follows_order([c])), None)
    if first is None:
        return
    if block.late == "restate":
        summary = f"{first.sql}: `late: restate` is not built for RATE, INCREASE and DELTA"
        lowering.say("language/not-built", summary, at, details="a sample that comes late cannot be put between others")
    series = series_of(lowering.draft, block.from_.name)
    missing = [name for name in series if name not in keys]
    if missing:
        fixed = _fixed(lowering, left)
        missing = [name for name in missing if name not in fixed]
    if missing:
        lowering.say(
            "types/series",
            f"{first.sql} would take the samples of several series for those of one: they differ in {listed(missing)}",
            at,
            suggestion="write `by: series`, and put what comes out together in a block behind it, as in SUM(rate)",
            details=f'a series of "{block.from_.name}" is named by {listed(series)}',
        )


def _fixed(lowering: Lowering, left: AnyNode) -> set[str]:
    """The columns that have one value in all rows."""
    facts = facts_of(lowering.held.values())[left.id] if left.id in lowering.held else None
    if facts is None:
        return set()
    return {name for name, known in facts.columns.items() if known.values.single}


def _selected(
    declared: Iterable[ColumnDecl],
    lowering: Lowering,
    scope: Scope,
    taken: set[str],
    calls: list[AggregateCall],
) -> Iterable[NamedExpr]:
    names = (f"_a{n}" for n in count())
    for column in distinct(lowering, (c for c in declared if c.sql is not None or c.name not in taken), taken):
        if column.sql is None and (column.source or column.name) in scope.columns:
            yield NamedExpr(name=column.name, expr=scope.columns[column.source or column.name], sql=column.name)
            continue
        sql = text_of(column)
        result = translate_sample(sql, scope.at(sql.path), names)
        lowering.found += result.diagnostics
        calls += result.aggregates
        if result.expr is not None:
            yield NamedExpr(name=column.name, expr=result.expr, sql=sql.text)


__all__ = ["check_series", "steps"]
