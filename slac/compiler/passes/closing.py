"""Windows end within the life of a runtime.

A window here is aligned to the epoch, so it always ends at an instant that comes; but one that is longer than a year,
or whose input waits so long for late events, ends when nobody waits for it any more.
Before: `window: tumbling 3650d`. After: the warning that it ends every ten years.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from slac.compiler.draft import Draft, Found
from slac.compiler.upstream import sources_before
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import ComputationDecl
from slac.language.durations import format_duration
from slac.plan.nodes import AnyNode, WindowNode

_YEAR: Final = 366 * 86_400_000_000


def closing(draft: Draft) -> Found:
    """Warn of windows that take longer than a year to close."""
    by_id = draft.by_id
    return draft, [d for n in draft.nodes if isinstance(n, WindowNode) for d in _of(n, draft, by_id)]


def _of(node: WindowNode, draft: Draft, by_id: Mapping[str, AnyNode]) -> Iterator[Diagnostic]:
    block = draft.blocks[node.block]
    if node.window.kind == "same" or not isinstance(block, ComputationDecl) or block.window is None:
        return
    late = max(sources_before(by_id, node.id), key=lambda s: s.lateness, default=None)
    lateness = late.lateness if late is not None else 0
    if node.window.size + lateness <= _YEAR or node.window.kind in ("calendar", "running"):
        return
    wait = f', and its input "{late.id}" waits {format_duration(lateness)} for late events' if late and lateness else ""
    yield Diagnostic(
        code="windows/never-closes",
        severity=Severity.WARNING,
        summary=f'nobody will see a window of "{block.name}" end: it is {format_duration(node.window.size)} long{wait}',
        span=block.window.span,
        path=block.window.path,
        details="a row comes out when a window ends; windows are aligned to 1970-01-01, not to the start of the run",
    )
