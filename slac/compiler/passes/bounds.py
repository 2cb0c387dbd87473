"""Every state has a bound in keys and time; where there is no safe default, the document says the missing word.

Before: an aggregate, window or join whose state only grows. After: the finding that names the word which bounds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic
from slac.plan.bounds import Unbounded, state_bound
from slac.plan.nodes import AnyNode


def bounds(draft: Draft) -> Found:
    """Refuse every block with a node whose state has no bound."""
    found = [(n.block, d) for n in draft.nodes if n.block not in draft.broken for d in _of(n, draft)]
    return replace(draft, broken=breaking(draft.broken, (name for name, _ in found))), [d for _, d in found]


def _of(node: AnyNode, draft: Draft) -> Iterator[Diagnostic]:
    bound = state_bound(node)
    if isinstance(bound, Unbounded):
        block = draft.blocks[node.block]
        yield Diagnostic(
            code="bounds/missing",
            summary=f'the state of "{block.name}" only grows: {bound.why}',
            span=block.span,
            path=block.path,
            suggestion=f"say {bound.missing}",
        )
