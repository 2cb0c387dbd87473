"""SQL in its place in a block: conditions, selected columns, aggregated columns, each with the findings it gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from slac.compiler.blocks.context import Lowering
from slac.compiler.draft import EventType
from slac.compiler.sql import Scope, translate, translate_aggregate
from slac.compiler.sql.scope import column_of
from slac.language.document import ColumnDecl
from slac.language.terms import Sql
from slac.plan.expressions import AggregateCall, AnyExpr, NamedExpr
from slac.plan.nodes import AnyNode
from slac.stream.types import Field, Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregated:
    """What the `select` of a group computes: aggregate calls, the columns over them, and their fields."""

    calls: tuple[AggregateCall, ...]
    project: tuple[NamedExpr, ...]
    fields: tuple[Field, ...]


def scope_of(node: AnyNode, stream: str, event: EventType | None = None) -> Scope:
    """The names that an expression over `node` may use; `payload.x` and `context.x` where it is a stream of events."""
    scope = Scope.of(node.schema, stream=f'stream "{stream}"', windowed=node.windowed)
    if event is None:
        return scope
    if event.until is not None and event.until in node.schema:
        scope = scope.with_until(node.schema[event.until])
    return scope.with_alias("payload", event.payload, prefix="").with_alias("context", event.context, prefix="")


def condition(lowering: Lowering, sql: Sql | None, scope: Scope) -> AnyExpr | None:
    """A typed condition; None where there is none, or where it is wrong (the finding is noted)."""
    if sql is None:
        return None
    result = translate(sql, scope.at(sql.path, lowering.functions(sql)), condition=True)
    lowering.found += result.diagnostics
    return result.expr


def columns(lowering: Lowering, declared: Iterable[ColumnDecl], scope: Scope) -> tuple[NamedExpr, ...]:
    """Selected columns, row by row; those that are wrong are left out and noted."""
    named: list[NamedExpr] = []
    for column in distinct(lowering, declared):
        expr = _column(lowering, column, scope)
        if expr is not None:
            named.append(NamedExpr(name=column.name, expr=expr, sql=text_of(column).text))
    return tuple(named)


def aggregated(lowering: Lowering, declared: Iterable[ColumnDecl], scope: Scope, keys: Sequence[Field]) -> Aggregated:
    """Selected columns of groups. A key that is listed again, bare, is not repeated."""
    taken = frozenset(k.name for k in keys)
    within, names = scope.with_keys(taken), (f"_a{n}" for n in count())
    calls: list[AggregateCall] = []
    project: list[NamedExpr] = []
    for column in distinct(lowering, (c for c in declared if c.sql is not None or c.name not in taken), taken):
        sql = text_of(column)
        result = translate_aggregate(sql, within.at(sql.path, lowering.functions(sql)), names)
        lowering.found += result.diagnostics
        calls += result.aggregates
        if result.expr is not None:
            project.append(NamedExpr(name=column.name, expr=result.expr, sql=sql.text))
    return Aggregated(calls=tuple(calls), project=tuple(project), fields=fields_of(project))


def fields_of(named: Iterable[NamedExpr]) -> tuple[Field, ...]:
    """The fields that columns make."""
    return tuple(Field(c.name, c.expr.dtype, c.expr.nullable) for c in named)


def passing(schema: Schema) -> tuple[NamedExpr, ...]:
    """All columns of a stream, unchanged."""
    return tuple(NamedExpr(name=f.name, expr=column_of(f), sql=f.name) for f in schema.fields)


def text_of(column: ColumnDecl) -> Sql:
    """The SQL of a column; one that passes through is the name of what passes."""
    if column.sql is not None:
        return column.sql
    return Sql(text=column.source or column.name, span=column.span, path=column.path)


def _column(lowering: Lowering, column: ColumnDecl, scope: Scope) -> AnyExpr | None:
    """What a column computes. One that passes through is looked up first, for its name may be a word of SQL."""
    if column.sql is None and (column.source or column.name) in scope.columns:
        return scope.columns[column.source or column.name]
    sql = text_of(column)
    result = translate(sql, scope.at(sql.path, lowering.functions(sql)))
    lowering.found += result.diagnostics
    return result.expr


def distinct(lowering: Lowering, declared: Iterable[ColumnDecl], taken: Collection[str] = ()) -> list[ColumnDecl]:
    """The columns whose names can be: none twice, none of slac's own."""
    seen, fine = set(taken), []
    for column in declared:
        if column.name in seen:
            lowering.say("names/duplicate-column", f'there is a column "{column.name}" already', column)
        elif column.name.startswith("_"):
            lowering.say(
                "names/reserved-column", f'the name "{column.name}" begins with "_", as slac\'s own do', column
            )
        else:
            fine.append(column)
        seen.add(column.name)
    return fine
