"""States can be left: one that nothing leads out of says the same for ever.

Before: `states: {up: {when: ok}}` with `no_data: hold`. After: the warning that nothing leads out of `up`.
"""

from __future__ import annotations

from collections.abc import Iterator

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import AuditDecl
from slac.plan.machine import stuck_states, transition_table
from slac.plan.nodes import AuditNode


def exits(draft: Draft) -> Found:
    """Warn of every state of a sound audit that no row, and no lack of rows, can end."""
    audits = [
        (n, draft.blocks[n.block]) for n in draft.nodes if isinstance(n, AuditNode) and n.block not in draft.broken
    ]
    return draft, [d for n, b in audits if isinstance(b, AuditDecl) for d in _of(n, b)]


def _of(node: AuditNode, block: AuditDecl) -> Iterator[Diagnostic]:
    stuck = stuck_states(transition_table(node))
    for state in (s for s in block.states if s.name in stuck):
        yield Diagnostic(
            code="states/no-exit",
            severity=Severity.WARNING,
            summary=f'nothing leads out of the state "{state.name}": no other state can follow it',
            span=state.span,
            path=state.path,
            details="add a state with a condition of its own, or say with `no_data` what windows without rows mean",
        )
