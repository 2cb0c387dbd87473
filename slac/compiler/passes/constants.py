"""A filter asks something of its rows: one that lets all through, or none, is a slip or a switch left on.

Before: `where: amount / 0 > 1`. After: the finding that it is NULL for every row, so that none gets through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import BlockDecl, ComputationDecl, ProbeDecl, ViolationDecl
from slac.language.terms import Sql
from slac.plan.conditions.constants import answer
from slac.plan.expressions import AnyExpr
from slac.plan.lowering import columns_of
from slac.plan.nodes import AnyNode, SelectNode, ViolationNode

_SAID: Final = {"true": "always true", "false": "never true", "null": "NULL for every row, and so never true"}


def constants(draft: Draft) -> Found:
    """Judge the conditions of probes, computations and violations that have one answer for every row.

    A condition that was filled in from a parameter is left alone: to switch something off is what it may be for.
    """
    found: list[Diagnostic] = []
    wrong: set[str] = set()
    for node in draft.nodes:
        if node.block not in draft.broken:
            more = list(_of(node, draft.blocks[node.block]))
            wrong |= {node.block for d in more if d.severity is Severity.ERROR}
            found += more
    return replace(draft, broken=breaking(draft.broken, wrong)), list(dict.fromkeys(found))


def _of(node: AnyNode, block: BlockDecl) -> Iterator[Diagnostic]:
    match node, block:
        case SelectNode(where=condition), ProbeDecl(where=Sql() as where) | ComputationDecl(where=Sql() as where):
            rows = True
        case ViolationNode(condition=condition), ViolationDecl(where=Sql() as where):
            rows = False
        case _:
            return
    if condition is not None and sum(s.length for s in where.segments) == len(where.text):
        yield from _judged(condition, where, rows=rows)


def _judged(condition: AnyExpr, where: Sql, *, rows: bool) -> Iterator[Diagnostic]:
    found = answer(condition)
    if found == "open":
        return
    if found == "true":
        code, meaning = "thresholds/always", "every row gets through" if rows else "it never resolves"
    else:
        code = "blocks/unreachable" if rows else "thresholds/never"
        meaning = "no row gets through" if rows else "it never raises"
    yield Diagnostic(
        code=code,
        severity=Severity.ERROR if columns_of(condition) else Severity.WARNING,
        summary=f"`where` is {_SAID[found]}: {meaning}",
        span=where.span,
        path=where.path,
        details="division by zero is NULL, and what is compared with NULL is NULL"
        if found == "null"
        else "it asks nothing of the row: leave it out, or name a column",
    )
