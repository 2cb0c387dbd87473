"""Nothing happens so often that a machine could do nothing else: windows that overlap a million-fold, reports a tick.

Before: `window: hopping 7d every 1ms`. After: a finding that says in how many windows every single event would lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Severity, Span
from slac.language.document import AuditDecl, ComputationDecl
from slac.language.durations import format_duration

MANY: Final = 10_000
"""Windows that an event may lie in without a word."""
MOST: Final = 200_000
"""Windows that an event may lie in."""
TICK_US: Final = 10_000
"""What a runtime wakes up for at the soonest."""
_SECOND_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _SECOND_US


def pace(draft: Draft) -> Found:
    """Judge the hops of windows and the reports of audits, the whole document."""
    document = draft.document
    hops = (d for c in document.computations if isinstance(c, ComputationDecl) for d in _hops(c))
    return draft, [*hops, *(d for a in document.audits for d in _reports(a))]


def _hops(block: ComputationDecl) -> Iterator[Diagnostic]:
    window = block.window
    if window is None or window.kind != "hopping" or not window.every_us:
        return
    count = window.size_us // window.every_us
    if count <= MANY:
        return
    size, every = format_duration(window.size_us), format_duration(window.every_us)
    least = -(-window.size_us // MANY)
    yield Diagnostic(
        code="windows/hops",
        severity=Severity.ERROR if count > MOST else Severity.WARNING,
        summary=f"every event would lie in {count:,} windows: {size} is cut into pieces of {every}",
        span=window.span,
        path=window.path,
        suggestion=f"hop by {_rounded(least)} or more ({MANY:,} windows at most), or follow each event: sliding {size}",
        details=f"each key would hold {count:,} pieces, and end {_DAY_US // window.every_us:,} windows a day",
    )


def _rounded(least_us: int) -> str:
    """A round length that is not shorter."""
    steps = (1_000, 10_000, 100_000, *(n * _SECOND_US for n in (1, 5, 10, 30, 60, 300, 600, 1800, 3600)))
    return format_duration(next((s for s in steps if s >= least_us), least_us))


def _reports(block: AuditDecl) -> Iterator[Diagnostic]:
    for state in block.states:
        every = state.report_every_us
        if every is not None and every < _SECOND_US:
            yield _too_often(every, state.span, f"{state.path}.report_every")


def _too_often(every: int, span: Span, path: str) -> Diagnostic:
    return Diagnostic(
        code="reports/too-often",
        severity=Severity.ERROR if every < TICK_US else Severity.WARNING,
        summary=f"a report every {format_duration(every)} is {_DAY_US // every:,} a day for each key",
        span=span,
        path=path,
        suggestion="write 1s or more",
        details=f"a runtime looks for what is due every {format_duration(TICK_US)} at the soonest",
    )
