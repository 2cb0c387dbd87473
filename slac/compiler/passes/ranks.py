"""WORST and BEST rank the values that there are.

Before: `WORST(state, 'up', 'dwn')` over a column that is 'up' or 'down'. After: the finding that 'dwn' is none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Severity, Span, listed, suggest
from slac.language.document import BlockDecl
from slac.language.terms import Sql
from slac.plan.conditions.ranges import values_of
from slac.plan.conditions.values import ValueSet
from slac.plan.expressions import AggregateCall, AnyExpr, Cast, Column
from slac.plan.nodes import WindowNode
from slac.stream.types import Enum, Schema

_RANKED: Final = frozenset({"worst", "best"})


def ranks(draft: Draft) -> Found:
    """Judge every WORST and BEST of a sound block whose values are known."""
    nodes = (n for n in draft.nodes if isinstance(n, WindowNode) and n.block not in draft.broken)
    return draft, list(dict.fromkeys(d for n in nodes for c in n.aggregates for d in _of(c, n, draft)))


def _of(call: AggregateCall, node: WindowNode, draft: Draft) -> Iterator[Diagnostic]:
    if call.function not in _RANKED:
        return
    declared = _declared(call.args[0], draft.by_id[node.inputs[0]].schema)
    values = declared or _points(values_of(_inner(call.args[0]), draft.facts[node.inputs[0]]))
    at = _written(call, draft.blocks[node.block])
    if values is None or at is None:
        return
    name = call.function.upper()
    known = f"values: {listed(values)}"
    for rank in (str(r) for r in call.options if r not in values):
        yield Diagnostic(
            code="types/enum" if declared else "types/ranks",
            severity=Severity.ERROR if declared else Severity.WARNING,
            summary=f"{name} ranks '{rank}', which is no value of its column",
            span=_place(at, rank),
            path=at.path,
            suggestion=suggest(rank, [v for v in values if v not in call.options]),
            details=known,
        )
    left = [v for v in values if v not in call.options]
    if left:
        yield Diagnostic(
            code="types/ranks",
            severity=Severity.WARNING,
            summary=f"{name} does not rank {listed([repr(v) for v in left])}, and passes over it as over NULL",
            span=_place(at, call.sql),
            path=at.path,
            suggestion="rank every value, from best to worst, or leave the others out with FILTER",
            details=known,
        )


def _inner(expr: AnyExpr) -> AnyExpr:
    return expr.arg if isinstance(expr, Cast) else expr


def _declared(expr: AnyExpr, schema: Schema) -> tuple[str, ...] | None:
    """The values of an enum, which an aggregate takes for text; None for what is none."""
    inner = _inner(expr)
    dtype = schema[inner.name].dtype if isinstance(inner, Column) and inner.name in schema else inner.dtype
    return dtype.values if isinstance(dtype, Enum) else None


def _points(values: ValueSet) -> tuple[str, ...] | None:
    """The texts of a set; None where they cannot be counted."""
    points: list[str] = []
    for low, high in values.spans:
        if len(low) < 2 or low[:2] != high[:2] or not isinstance(low[1], str):
            return None
        points.append(low[1])
    return tuple(points) or None


def _written(call: AggregateCall, block: BlockDecl) -> Sql | None:
    columns = getattr(block, "select", None) or ()
    return next((c.sql for c in columns if c.sql is not None and call.sql in c.sql.text), None)


def _place(at: Sql, text: str) -> Span:
    start = at.text.find(text)
    return at.span if start < 0 else at.locate(start, start + len(text))
