"""Conditions can be met, and can be missed: a threshold beyond what its column can reach is a slip.

Before: `too_many: {from: rates, where: share > 1}`, where `share` is a count of some rows by the count of all.
After: the finding that no row can meet it, because `share` lies between 0 and 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from slac.compiler.blocks.context import Placed
from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import AuditDecl, BlockDecl, ColumnDecl, ComputationDecl, ProbeDecl, ViolationDecl
from slac.plan.conditions.known import Facts
from slac.plan.conditions.ranges import range_of
from slac.plan.conditions.streams import aggregated, narrowed
from slac.plan.conditions.verdicts import Verdict, comparisons, verdict
from slac.plan.expression_text import to_text
from slac.plan.expressions import AggregateCall, AnyExpr, Call, Cast, Column, Literal, NamedExpr
from slac.plan.lowering import columns_of
from slac.plan.nodes import AnyNode, AuditNode, SelectNode, ViolationNode, WindowNode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A condition, the rows that it is asked of, its place, and what becomes of rows that it turns away."""

    condition: AnyExpr
    facts: Facts
    at: Placed
    what: str
    decides: bool = False
    """Whether nothing is left of the block, or of the state, where no row can meet the condition."""
    rows: bool = False
    """Whether the condition lets rows through."""


_AS_IT_IS: Final[Mapping[str, str]] = MappingProxyType({})


def thresholds(draft: Draft) -> Found:
    """Judge every condition of every sound block."""
    found: list[Diagnostic] = []
    wrong: set[str] = set()
    for node in draft.nodes:
        if node.block not in draft.broken and node.inputs:
            block, facts = draft.blocks[node.block], draft.facts[node.inputs[0]]
            more = [d for judged in _of(node, block, facts, draft.facts[node.id]) for d in _findings(judged)]
            wrong |= {node.block for d in more if d.severity is Severity.ERROR}
            found += more
    return replace(draft, broken=breaking(draft.broken, wrong)), list(dict.fromkeys(found))


def _of(node: AnyNode, block: BlockDecl, facts: Facts, own: Facts) -> Iterator[_Judged]:
    match node, block:
        case AuditNode(states=states), AuditDecl():
            for state, spec in zip(block.states, states, strict=True):
                what = f'the condition of the state "{spec.name}"'
                if state.when is not None:
                    yield _Judged(condition=spec.when, facts=facts, at=state.when, what=what, decides=True)
        case ViolationNode(condition=condition), ViolationDecl(where=where) if where is not None:
            what = f'the condition of the violation "{node.id}"'
            yield _Judged(condition=condition, facts=facts, at=where, what=what, decides=True)
        case SelectNode(), ProbeDecl() | ComputationDecl():
            yield from _of_selection(node, block, facts)
        case WindowNode(), ComputationDecl():
            yield from _of_window(node, block, facts, own)
        case _:
            return


def _of_selection(node: SelectNode, block: ProbeDecl | ComputationDecl, facts: Facts) -> Iterator[_Judged]:
    if node.where is not None and block.where is not None:
        yield _Judged(condition=node.where, facts=facts, at=block.where, what="`where`", decides=True, rows=True)
    kept = narrowed(facts, node.where)
    yield from _of_columns(node.columns or (), block, kept)


def _of_window(node: WindowNode, block: ComputationDecl, facts: Facts, own: Facts) -> Iterator[_Judged]:
    for call in node.aggregates:
        at = _column_with(call, node, block)
        if at is not None:
            for expr in call.args:
                yield from (_compared(c, facts, at) for c in comparisons(expr))
            if call.where is not None:
                yield _Judged(condition=call.where, facts=facts, at=at, what=f"the FILTER of {call.function.upper()}")
    written = {c.name: c.sql for c in node.aggregates}
    yield from _of_columns(node.project, block, aggregated(facts, node.id, node.aggregates), written)
    yield from _of_columns(node.then, block, own)


def _of_columns(
    columns: tuple[NamedExpr, ...], block: BlockDecl, facts: Facts, written: Mapping[str, str] = _AS_IT_IS
) -> Iterator[_Judged]:
    for column in columns:
        at = _declared(column.name, block)
        if at is not None:
            yield from (_compared(c, facts, at, written) for c in comparisons(column.expr))


def _compared(comparison: Call, facts: Facts, at: Placed, written: Mapping[str, str] = _AS_IT_IS) -> _Judged:
    text = _text(comparison)
    for name, sql in written.items():
        text = re.sub(rf"\b{name}\b", lambda _, sql=sql: sql, text)  # type: ignore[misc]
    return _Judged(condition=comparison, facts=facts, at=at, what=text)


def _declared(name: str, block: BlockDecl) -> Placed | None:
    columns: tuple[ColumnDecl, ...] = (*(getattr(block, "select", None) or ()), *getattr(block, "then", ()))
    return next((c.sql for c in columns if c.name == name and c.sql is not None), None)


def _column_with(call: AggregateCall, node: WindowNode, block: BlockDecl) -> Placed | None:
    named = next((p.name for p in node.project if call.name in columns_of(p.expr)), "")
    return _declared(named, block)


def _findings(judged: _Judged) -> Iterator[Diagnostic]:
    whole = verdict(judged.condition, judged.facts)
    if whole != "open":
        yield _finding(judged, whole)
        return
    for part in comparisons(judged.condition):
        found = verdict(part, judged.facts)
        if found != "open":
            yield _finding(replace(_compared(part, judged.facts, judged.at), what=_text(part)), found)


def _finding(judged: _Judged, found: Verdict) -> Diagnostic:
    if found == "always":
        code, summary = "thresholds/always", f"{judged.what} is true for every row that has a value"
    elif judged.rows:
        code, summary = "blocks/unreachable", f"no row gets through: {judged.what} is never true"
    else:
        code, summary = "thresholds/never", f"{judged.what} is never true"
    return Diagnostic(
        code=code,
        severity=Severity.ERROR if judged.decides and found == "never" else Severity.WARNING,
        summary=summary,
        span=judged.at.span,
        path=judged.at.path,
        details="; ".join(dict.fromkeys(_reasons(judged))),
    )


def _reasons(judged: _Judged) -> Iterator[str]:
    """What is known of the columns that the condition compares."""
    for comparison in comparisons(judged.condition):
        for side in comparison.args:
            inner = side.arg if isinstance(side, Cast) else side
            found = range_of(inner, judged.facts)
            if isinstance(inner, Literal) or found.is_whole:
                continue
            name = _text(inner) if isinstance(inner, Column) and not inner.name.startswith("_") else "it"
            if found.high == math.inf:
                yield f"{name} is never less than {found.low:g}"
            elif found.low == -math.inf:
                yield f"{name} is never more than {found.high:g}"
            else:
                yield f"{name} lies between {found.low:g} and {found.high:g}"


def _text(expr: AnyExpr) -> str:
    return to_text(expr).removeprefix("(").removesuffix(")")
