"""Break points: a block, and a condition in SQL over its rows."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from slac.compiler.blocks.expressions import scope_of
from slac.compiler.sql import translate
from slac.diagnostics import Source, Span, UsageError, listed, suggest
from slac.diagnostics.spans import Position
from slac.language.terms import Sql
from slac.plan.graph import Plan
from slac.plan.lowering import lower
from slac.plan.nodes import OutputNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Stops where `block` gives out a row that meets the condition `sql`; any row, where there is none."""

    number: int
    block: str
    sql: str
    condition: pl.Expr | None

    def met(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those rows that meet it."""
        return rows if self.condition is None else rows.filter(self.condition)

    def __str__(self) -> str:
        return f"break {self.number}: {self.block}{f' when {self.sql}' if self.sql else ''}"


def break_at(plan: Plan, block: str, sql: str, number: int) -> Break:
    """A break point; UsageError where there is no such block, or the condition is wrong, with what is."""
    check_block(plan, block)
    if not sql:
        return Break(number=number, block=block, sql="", condition=None)
    node = plan[block]
    where = Source("condition", sql)
    span = Span(where, Position(1, 1), Position(1, len(sql) + 1))
    found = translate(Sql(text=sql, span=span, path="break"), scope_of(node, block), condition=True)
    if found.expr is None:
        first = found.diagnostics[0]
        hints = "; ".join(t for t in (first.suggestion, first.details) if t)
        raise UsageError(f"{first.summary}{f' ({hints})' if hints else ''}")
    return Break(number=number, block=block, sql=sql, condition=lower(found.expr))


def blocks_of(plan: Plan) -> tuple[str, ...]:
    """The blocks that give out rows."""
    return tuple(n.block for n in plan.nodes if n.id == n.block and not isinstance(n, OutputNode))


def check_block(plan: Plan, block: str) -> None:
    """UsageError where no block of this name gives out rows."""
    known = blocks_of(plan)
    if block not in known:
        raise UsageError(f'no block "{block}"; {suggest(block, known) or f"blocks: {listed(known, limit=20)}"}')
