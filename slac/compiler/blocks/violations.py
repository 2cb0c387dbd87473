"""A violation becomes a condition over rows, or a wait for rows that do not come."""

from __future__ import annotations

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import condition, scope_of
from slac.compiler.blocks.hours import in_hours, longest, pause
from slac.compiler.upstream import window_before
from slac.diagnostics import listed, suggest
from slac.language.document import ViolationDecl
from slac.language.terms import Ref
from slac.plan.guards import Settle
from slac.plan.messages import named_in
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
    silence = block.absent is not None
    _check_message(block, lowering, tuple(k.name for k in keys) if silence else upstream.schema.names)
    if silence:
        _absence(block, lowering, upstream, keys)
    else:
        _condition(block, lowering, ref, upstream, keys)


def _check_message(block: ViolationDecl, lowering: Lowering, known: tuple[str, ...]) -> None:
    """Every column that the message names must be there: the row's, or of a silence the key's."""
    if block.message is None:
        return
    for name in named_in(block.message.text):
        if name not in known:
            whose = "the rows have" if block.absent is None else "a silence has no row, and the key has"
            lowering.say(
                "names/unknown-column",
                f'the message names "{name}", which is no column that it can show',
                block.message,
                suggestion=suggest(name, known),
                details=f"{whose}: {listed(known)}" if known else "there is no key, and a silence has no row",
            )


def _absence(block: ViolationDecl, lowering: Lowering, upstream: AnyNode, keys: tuple[Field, ...]) -> None:
    silence, during = block.for_us or 0, lowering.calendar(block.during)
    lowering.add(
        AbsenceNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=(upstream.id,),
            schema=violation_schema(keys, block.labels, silence=True),
            depth=lowering.depth(block, upstream),
            keys=tuple(k.name for k in keys),
            silence=silence,
            repeat_every=block.repeat_every_us,
            severity=block.severity,
            message=block.message.text if block.message else None,
            labels=dict(block.labels),
            during=during,
            # A key must outlive its silence, or nothing would be left to raise.
            retain=max(block.retain_us or RETAIN_US, 2 * longest(during, silence)),
        )
    )


def _condition(block: ViolationDecl, lowering: Lowering, ref: Ref, upstream: AnyNode, keys: tuple[Field, ...]) -> None:
    scope = scope_of(upstream, ref.name, lowering.event(ref))
    where = condition(lowering, block.where, scope)
    if where is None or block.where is None:
        return
    window, lasting, kept = window_before(lowering.held, upstream.id), block.lasting, block.retain_us or RETAIN_US
    during, depth = lowering.calendar(block.during), lowering.depth(block, upstream)
    if during is not None:
        upstream = lowering.add(in_hours(block.name, upstream, during))
    lowering.add(
        ViolationNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=(upstream.id,),
            schema=violation_schema(keys, block.labels),
            depth=depth,
            keys=tuple(k.name for k in keys),
            settle=Settle(rows=lasting.rows, time=lasting.time_us) if lasting else None,
            repeat_every=block.repeat_every_us,
            condition=where,
            condition_sql=block.where.text,
            severity=block.severity,
            message=block.message.text if block.message else None,
            labels=dict(block.labels),
            # A key must outlive the window between two of its rows, and what lies between two openings.
            retain=max(kept, 2 * (window.window.every if window is not None else 0)) + pause(during),
        )
    )
