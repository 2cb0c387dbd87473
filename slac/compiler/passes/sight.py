"""Clear text of sensitive fields never crosses a link: who sees it stands where the input is.

Before: `logins` on edge, and on central a probe with `where: user <> 'robot'`. After: the probe is refused there.
"""

from __future__ import annotations

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Related, listed
from slac.plan.nodes import SelectNode


def sight(draft: Draft) -> Found:
    """A note for each probe that sees fields in clear away from their input."""
    by_id = draft.by_id
    seeing = [(n, by_id[n.inputs[0]]) for n in draft.nodes if isinstance(n, SelectNode) and n.sees]
    return draft, [_apart(draft, node, source.block) for node, source in seeing if source.node != node.node]


def _apart(draft: Draft, node: SelectNode, source: str) -> Diagnostic:
    probe, origin = draft.blocks[node.block], draft.blocks[source]
    here, there = draft.homes[node.block], draft.homes[source]
    return Diagnostic(
        code="privacy/placement",
        summary=f'"{node.block}" sees {listed(node.sees)} in clear on "{here}", but "{source}" runs on "{there}"',
        span=probe.span,
        path=probe.path,
        suggestion=f'put "{node.block}" on "{there}"',
        details="what is sensitive crosses a link only as a hash",
        related=(Related(origin.span, "the input"),),
    )
