"""State outlives the windows that feed it: what is forgotten between two rows of a key starts anew with each.

Before: `from: weekly` (a window of 7d), `retain: 24h`. After: the finding that the audit forgets every key before its
next row, and how long it has to remember.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from slac.compiler.calendars import longest_pause
from slac.compiler.draft import Draft, Found, breaking
from slac.compiler.upstream import window_before
from slac.diagnostics import Diagnostic, Related, Severity
from slac.language.document import AuditDecl, BlockDecl, ComputationDecl
from slac.language.durations import format_duration
from slac.plan.nodes import AnyNode, AuditNode, LatestJoinNode, WindowNode

_DAY: Final = 86_400_000_000


def retention(draft: Draft) -> Found:
    """Compare `retain` of audits, of the windows that they read and of joins with the length of those windows."""
    by_id = draft.by_id
    found = [(n.block, d) for n in draft.nodes if n.block not in draft.broken for d in _of(n, draft, by_id)]
    broken = breaking(draft.broken, (name for name, d in found if d.severity is Severity.ERROR))
    return replace(draft, broken=broken), [d for _, d in found]


def _of(node: AnyNode, draft: Draft, by_id: Mapping[str, AnyNode]) -> Iterator[Diagnostic]:
    block = draft.blocks[node.block]
    match node, block:
        case AuditNode(retain=retain, inputs=(first, *_)), AuditDecl():
            yield from _over_closing(block, node, draft)
            window = window_before(by_id, first)
            if window is not None and window.window.every > retain:
                yield _forgotten(block, window, retain, draft)
            elif window is not None and window.keys and window.window.every > window.retain:
                yield _unfilled(block, window, draft)
        case LatestJoinNode(retain=retain, inputs=(_, right)), ComputationDecl():
            window = window_before(by_id, right)
            if window is not None and window.window.every > retain:
                yield _unmatched(block, node.alias, window, retain, draft)
        case _:
            return


def _over_closing(block: AuditDecl, node: AuditNode, draft: Draft) -> Iterator[Diagnostic]:
    """An audit hears of no row while its service is closed."""
    pause = None if node.during is None else longest_pause(node.during)
    if node.during is None or pause is None or pause <= node.retain:
        return
    closed, kept = format_duration(pause), format_duration(node.retain)
    at = next(c for c in draft.document.calendars if c.name == node.during.name)
    yield Diagnostic(
        code="windows/retain",
        severity=Severity.WARNING,
        summary=f'the audit "{block.name}" forgets a key after {kept}, and "{at.name}" is closed for up to {closed}',
        span=block.span,
        path=block.path,
        suggestion=f"write `retain: {-(-2 * pause // _DAY)}d`",
        details="a key that is forgotten starts anew with its next row, and says so",
        related=(Related(at.span, f'"{at.name}" is declared here'),),
    )


def _forgotten(block: AuditDecl, window: WindowNode, retain: int, draft: Draft) -> Diagnostic:
    every, kept = format_duration(window.window.every), format_duration(retain)
    return Diagnostic(
        code="windows/retain",
        summary=f'the audit "{block.name}" forgets a key after {kept}, before the next row of "{window.block}" comes',
        span=block.span,
        path=block.path,
        suggestion=_remember(window),
        details=f'"{window.block}" gives a key one row every {every}; forgotten in between, it starts anew each time',
        related=_related(window, draft),
    )


def _unfilled(block: AuditDecl, window: WindowNode, draft: Draft) -> Diagnostic:
    every, kept = format_duration(window.window.every), format_duration(window.retain)
    at = draft.blocks[window.block]
    return Diagnostic(
        code="windows/retain",
        severity=Severity.WARNING,
        summary=f'"{window.block}" forgets a key after {kept}, before a window without rows of it ends',
        span=at.span,
        path=at.path,
        suggestion=_remember(window),
        details=f'a window ends every {every}; the audit "{block.name}" does not hear of keys that fall silent',
    )


def _unmatched(block: ComputationDecl, alias: str, window: WindowNode, retain: int, draft: Draft) -> Diagnostic:
    every, kept = format_duration(window.window.every), format_duration(retain)
    at = next(j for j in block.join if j.alias == alias)
    return Diagnostic(
        code="windows/retain",
        severity=Severity.WARNING,
        summary=f'the join forgets a row of "{window.block}" after {kept}, and the next comes {every} later',
        span=at.span,
        path=at.path,
        suggestion=_remember(window),
        details=f"in between, every column of {alias} is NULL",
        related=_related(window, draft),
    )


def _remember(window: WindowNode) -> str:
    return f"write `retain: {format_duration(2 * window.window.every)}`"


def _related(window: WindowNode, draft: Draft) -> tuple[Related, ...]:
    block: BlockDecl = draft.blocks[window.block]
    return (Related(block.span, f'"{block.name}" is declared here'),)
