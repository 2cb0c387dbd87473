"""A violation becomes a condition over rows, or a wait for rows that do not come."""

from __future__ import annotations

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import condition, scope_of
from slac.compiler.upstream import window_before
from slac.language.document import ViolationDecl
from slac.language.terms import Ref
from slac.plan.nodes import AbsenceNode, AnyNode, ViolationNode
from slac.plan.reports import violation_schema
from slac.stream.types import Field

RETAIN_US = 86_400_000_000
"""How long a key is remembered that is silent or no longer comes: 24 hours."""


def lower_violation(block: ViolationDecl, lowering: Lowering) -> None:
    """One `AbsenceNode` for `absent`, one `ViolationNode` for `from` and `where`."""
    ref = block.absent or block.from_
    upstream = lowering.stream(block, ref) if ref else None
    if ref is None or upstream is None:
        return
    keys = lowering.keys(block.by, upstream.schema, ref.name)
    if block.absent is not None:
        _absence(block, lowering, upstream, keys)
    else:
        _condition(block, lowering, ref, upstream, keys)


def _absence(block: ViolationDecl, lowering: Lowering, upstream: AnyNode, keys: tuple[Field, ...]) -> None:
    silence = block.for_us or 0
    lowering.add(
        AbsenceNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=(upstream.id,),
            schema=violation_schema(keys),
            depth=lowering.depth(block, upstream),
            keys=tuple(k.name for k in keys),
            silence=silence,
            severity=block.severity,
            message=block.message,
            labels=dict(block.labels),
            # A key must outlive its silence, or nothing would be left to raise.
            retain=max(RETAIN_US, 2 * silence),
        )
    )


def _condition(block: ViolationDecl, lowering: Lowering, ref: Ref, upstream: AnyNode, keys: tuple[Field, ...]) -> None:
    scope = scope_of(upstream, ref.name, lowering.event(ref))
    where = condition(lowering, block.where, scope)
    if where is None or block.where is None:
        return
    window = window_before(lowering.held, upstream.id)
    lowering.add(
        ViolationNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=(upstream.id,),
            schema=violation_schema(keys),
            depth=lowering.depth(block, upstream),
            keys=tuple(k.name for k in keys),
            condition=where,
            condition_sql=block.where.text,
            severity=block.severity,
            message=block.message,
            labels=dict(block.labels),
            # A key must outlive the window between two of its rows.
            retain=max(RETAIN_US, 2 * (window.window.every if window is not None else 0)),
        )
    )
