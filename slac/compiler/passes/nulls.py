"""What decides the state of an audit has a value: a CASE without ELSE is NULL where none of its branches holds.

Before: `then: [{state: CASE WHEN share > 0.9 THEN 'up' WHEN share < 0.5 THEN 'down' END}]`, read by an audit.
After: the warning that such a row counts as no data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Related, Severity
from slac.language.document import AuditDecl, ColumnDecl
from slac.plan.conditions.known import Facts
from slac.plan.conditions.verdicts import verdict
from slac.plan.expressions import AnyExpr, Call, Case, Column, Literal, NamedExpr
from slac.plan.lowering import columns_of
from slac.plan.nodes import AnyNode, AuditNode, SelectNode, WindowNode
from slac.plan.signatures import BOOL


def nulls(draft: Draft) -> Found:
    """Warn of every CASE without ELSE that a state of an audit depends on."""
    by_id = draft.by_id
    audits = [n for n in draft.nodes if isinstance(n, AuditNode) and n.block not in draft.broken]
    found = chain.from_iterable(_of(n, draft, by_id) for n in audits)
    return draft, list(dict.fromkeys(found))


def _of(audit: AuditNode, draft: Draft, by_id: Mapping[str, AnyNode]) -> Iterator[Diagnostic]:
    block = draft.blocks[audit.block]
    read = frozenset[str]().union(*(columns_of(s.when) for s in audit.states))
    for name in sorted(read):
        made = _made(by_id, audit.inputs[0], name)
        if made is not None and isinstance(block, AuditDecl) and _may_fall_through(made[1].expr, draft.facts[made[0]]):
            yield from _finding(draft, block, by_id[made[0]].block, made[1])


def _made(by_id: Mapping[str, AnyNode], node_id: str, name: str) -> tuple[str, NamedExpr] | None:
    """The node that makes a column, and how; None where it comes from outside."""
    node = by_id[node_id]
    match node:
        case SelectNode(columns=None):
            return _made(by_id, node.inputs[0], name)
        case SelectNode(columns=columns) if columns is not None:
            made = next((c for c in columns if c.name == name), None)
        case WindowNode(project=project, then=then):
            made = next((c for c in (*then, *project) if c.name == name), None)
        case _:
            return None
    if made is not None and isinstance(made.expr, Column) and isinstance(node, SelectNode):
        return _made(by_id, node.inputs[0], made.expr.name)
    return None if made is None else (node_id, made)


def _may_fall_through(expr: AnyExpr, facts: Facts) -> bool:
    match expr:
        case Case(branches=branches, otherwise=Literal(value=None)):
            conditions = tuple(when for when, _ in branches)
            either = Call(function="or", args=conditions, dtype=BOOL) if len(conditions) > 1 else conditions[0]
            return verdict(either, facts) != "always"
        case _:
            return False


def _finding(draft: Draft, audit: AuditDecl, maker: str, made: NamedExpr) -> Iterator[Diagnostic]:
    block = draft.blocks[maker]
    columns: tuple[ColumnDecl, ...] = (*(getattr(block, "select", None) or ()), *getattr(block, "then", ()))
    at = next((c.sql for c in columns if c.name == made.name and c.sql is not None), None)
    if at is not None:
        yield Diagnostic(
            code="states/no-value",
            severity=Severity.WARNING,
            summary=f'"{made.name}" is NULL where no branch of its CASE holds, and the audit "{audit.name}" then has '
            "no data",
            span=at.span,
            path=at.path,
            suggestion="end it with ELSE, if only with the state that is meant",
            details=f"`no_data: {audit.no_data}` says what becomes of the state",
            related=(Related(audit.span, f'"{audit.name}" is declared here'),),
        )
