"""Reports and alarms can fall due.

Before: `down: {…, report_every: 48h}` in an audit that forgets a key after 24h without rows. After: the warning that a
key which falls silent is forgotten before its report. Likewise for a silence that the input itself notices too late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slac.compiler.draft import Draft, Found
from slac.compiler.upstream import sources_before
from slac.diagnostics import Diagnostic, Related, Severity
from slac.language.document import AuditDecl, ViolationDecl
from slac.language.durations import format_duration
from slac.plan.nodes import AbsenceNode, AnyNode, AuditNode


def dues(draft: Draft) -> Found:
    """Warn of what falls due later than the state that it is about is kept, or later than it says."""
    by_id = draft.by_id
    return draft, [d for n in draft.nodes if n.block not in draft.broken for d in _of(n, draft, by_id)]


def _of(node: AnyNode, draft: Draft, by_id: Mapping[str, AnyNode]) -> Iterator[Diagnostic]:
    match node, draft.blocks[node.block]:
        case AuditNode(retain=retain), AuditDecl() as block:
            yield from _stays(block, retain)
        case AbsenceNode(silence=silence), ViolationDecl() as block:
            yield from _silence(block, silence, draft, by_id)
        case _:
            return


def _stays(block: AuditDecl, retain: int) -> Iterator[Diagnostic]:
    for state in block.states:
        if state.report_every_us is not None and state.report_every_us > retain:
            every, kept = format_duration(state.report_every_us), format_duration(retain)
            yield Diagnostic(
                code="reports/never-due",
                severity=Severity.WARNING,
                summary=f'a key that falls silent in "{state.name}" is forgotten after {kept}, before its report',
                span=state.span,
                path=state.path,
                suggestion=f"write `retain: {every}` or more",
                details=f"`report_every: {every}` counts from the last report, and `retain: {kept}` from the last row",
            )
        if state.after is not None and state.after.time_us > retain:
            time, kept = format_duration(state.after.time_us), format_duration(retain)
            yield Diagnostic(
                code="reports/never-due",
                severity=Severity.WARNING,
                summary=f'a key that falls silent in "{state.name}" is forgotten after {kept}, before it is '
                f'"{state.after.to}"',
                span=state.after.span,
                path=state.after.path,
                suggestion=f"write `retain: {time}` or more",
                details=f"`after: {time}` counts from the state's beginning, and `retain: {kept}` from the last row",
            )


def _silence(block: ViolationDecl, silence: int, draft: Draft, by_id: Mapping[str, AnyNode]) -> Iterator[Diagnostic]:
    slow = [s for s in sources_before(by_id, block.name) if s.idle > silence]
    if slow:
        latest = max(slow, key=lambda s: s.idle)
        at = draft.blocks[latest.block]
        yield Diagnostic(
            code="reports/late-silence",
            severity=Severity.WARNING,
            summary=f"a silence of {format_duration(silence)} is noticed after {format_duration(latest.idle)} at the "
            "earliest",
            span=block.span,
            path=block.path,
            suggestion=f'give "{latest.block}" an `idle` of {format_duration(silence)} or less',
            details="time stands still while an input is silent, until `idle` is over",
            related=(Related(at.span, f'"{at.name}" holds time back for {format_duration(latest.idle)}'),),
        )
