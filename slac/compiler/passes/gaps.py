"""Audits have a state for every value: one that no condition takes leaves the state as it is, which few expect.

Before: `good: {when: share > 0.99}`, `poor: {when: share < 0.99}`. After: the note that 0.99 meets neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import AuditDecl
from slac.plan.conditions.known import Facts
from slac.plan.conditions.ranges import values_of
from slac.plan.conditions.regions import truth_of
from slac.plan.conditions.values import ValueSet, domain_of, example
from slac.plan.expression_text import to_text
from slac.plan.expressions import AnyExpr, Literal
from slac.plan.nodes import AuditNode


def gaps(draft: Draft) -> Found:
    """Note the values that no state of a sound audit takes, where all its conditions are about one column."""
    found: list[Diagnostic] = []
    for node in draft.nodes:
        block = draft.blocks[node.block]
        if isinstance(node, AuditNode) and isinstance(block, AuditDecl) and node.block not in draft.broken:
            found += _of(node, block, draft.facts[node.inputs[0]])
    return draft, found


def _of(node: AuditNode, block: AuditDecl, facts: Facts) -> Iterator[Diagnostic]:
    by_row = [s for s, declared in zip(node.states, block.states, strict=True) if declared.when is not None]
    taken = [truth_of(s.when).true for s in by_row]
    column = taken[0].column if taken else None
    if len(taken) < 2 or column is None or any(region.column != column for region in taken):
        return
    left = _left(column, [region.terms[column] for region in taken], facts)
    shown = None if left is None else example(left, column.dtype)
    if shown is None:
        return
    value = to_text(Literal(value=shown, dtype=column.dtype))
    yield Diagnostic(
        code="states/gap",
        severity=Severity.NOTE,
        summary=f"no state is for {to_text(column)} = {value}: such a row leaves the state as it is",
        span=block.span,
        path=block.path,
        details="let the conditions meet, for example with >= in one and < in the other, or add a state",
    )


def _left(column: AnyExpr, taken: list[ValueSet], facts: Facts) -> ValueSet | None:
    """The values that the column can have and no condition takes; NULL is no value."""
    domain = domain_of(column.dtype)
    if domain is None:
        return None
    together = reduce(ValueSet.union, taken)
    rest = domain.complement(together).intersection(values_of(column, facts))
    return ValueSet(rest.spans)
