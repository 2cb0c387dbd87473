"""Audits have states that can be reached, each in one way only.

Before: `low: {when: share < 0.95}`, `down: {when: share < 0.05}`. After: the finding that both can be true for a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic, Related, Severity, Span, suggest
from slac.language.document import AuditDecl
from slac.plan.machine import FindingKind, MachineFinding, check_machine, transition_table
from slac.plan.nodes import AuditNode

_CODES: Mapping[FindingKind, str] = MappingProxyType(
    {
        "unknown": "states/unknown",
        "reserved": "states/reserved",
        "unreachable": "states/unreachable",
        "ambiguous": "states/ambiguous",
        "undecided": "states/order",
        "timed": "states/timed",
    }
)


def states(draft: Draft) -> Found:
    """Check the transition table of every audit."""
    audits = [(n, draft.blocks[n.block]) for n in draft.nodes if isinstance(n, AuditNode)]
    found = [(b.name, d) for n, b in audits if isinstance(b, AuditDecl) for d in _of(n, b)]
    broken = (name for name, d in found if d.severity is Severity.ERROR)
    return replace(draft, broken=breaking(draft.broken, broken)), [d for _, d in found]


def _of(node: AuditNode, block: AuditDecl) -> Iterator[Diagnostic]:
    for finding in check_machine(transition_table(node)):
        span, path = _place(finding, block)
        yield Diagnostic(
            code=_CODES[finding.kind],
            severity=Severity.NOTE if finding.kind == "undecided" else Severity.ERROR,
            summary=finding.detail,
            span=span,
            path=path,
            suggestion=suggest(finding.states[0], [s.name for s in block.states]) if finding.kind == "unknown" else "",
            related=tuple(_related(finding, block)),
        )


def _place(finding: MachineFinding, block: AuditDecl) -> tuple[Span, str]:
    """The `initial` or `after` that names no state, or the condition of the state that the finding is about."""
    if finding.word == "follows":
        refs = next(s.follows for s in block.states if s.name == finding.states[1])
        ref = next(r for r in refs if r.name == finding.states[0])
        return ref.span, ref.path
    after = next((s.after for s in block.states if s.name in finding.states[1:] and s.after is not None), None)
    if finding.kind in {"unknown", "timed"} and after is not None:
        return after.span, after.path
    if finding.kind == "unknown" and block.initial is not None:
        return block.initial.span, block.initial.path
    # Of two states, the later one is where most often something has to be changed.
    about = finding.states[-1] if finding.kind in {"ambiguous", "undecided"} else finding.states[0]
    state = next(s for s in block.states if s.name == about)
    if finding.kind == "reserved" or state.when is None:
        return state.span, state.path
    return state.when.span, state.when.path


def _related(finding: MachineFinding, block: AuditDecl) -> Iterator[Related]:
    others = finding.states[:-1] if finding.kind in {"ambiguous", "undecided"} else finding.states[1:]
    for state in block.states:
        if (
            state.name in others
            and state.when is not None
            and finding.kind in {"ambiguous", "undecided", "unreachable"}
        ):
            yield Related(state.when.span, f'the condition of "{state.name}"')
