"""Calendars become data, and every `during` finds one.

Before: `during: bussiness`. After: the finding, and the block marked as broken; of a calendar that is right, its spec.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slac.compiler.calendars import spec_of
from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic, listed, suggest
from slac.language.document import AuditDecl, BlockDecl, ComputationDecl, ViolationDecl
from slac.language.terms import Ref
from slac.plan.calendars import CalendarSpec


def during_of(block: BlockDecl) -> Ref | None:
    """The calendar that a block names."""
    match block:
        case ComputationDecl(during=during) | AuditDecl(during=during) | ViolationDecl(during=during):
            return during
        case _:
            return None


def calendars(draft: Draft) -> Found:
    """Work out the calendars; blocks that name none of them, or one that is wrong, become broken."""
    found: list[Diagnostic] = []
    specs: dict[str, CalendarSpec] = {}
    for declared in draft.document.calendars:
        spec, wrong = spec_of(declared)
        found += wrong
        if spec is not None and not wrong:
            specs[declared.name] = spec
    asked = [(b.name, ref) for b in draft.document.blocks if (ref := during_of(b)) is not None]
    found += [d for _, ref in asked for d in _unknown(draft, ref)]
    broken = breaking(draft.broken, (name for name, ref in asked if ref.name not in specs))
    return replace(draft, calendars=specs, broken=broken), found


def _unknown(draft: Draft, ref: Ref) -> Iterator[Diagnostic]:
    known = [c.name for c in draft.document.calendars]
    if ref.name not in known:
        yield Diagnostic(
            code="names/unknown-calendar",
            summary=f'no calendar is called "{ref.name}"',
            span=ref.span,
            path=ref.path,
            suggestion=suggest(ref.name, known),
            details=f"there are: {listed(known)}" if known else "calendars are declared under `spec.calendars`",
        )
