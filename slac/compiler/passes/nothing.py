"""A document says something: one without a block, a type or an import is a slip, not an SLA.

Before: `spec: {}`. After: the finding that there is nothing to run.
"""

from __future__ import annotations

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Position, Span


def nothing(draft: Draft) -> Found:
    """Refuse a document that declares nothing; one that has event types alone is there to be imported."""
    document = draft.document
    if document.blocks or document.events or document.imports:
        return draft, []
    span = Span(document.source, Position(1, 1), Position(1, 2))
    summary = "the document declares nothing: there is nothing to run"
    hint = "add an input, a computation over it, and an output: `slac init` writes a first document"
    return draft, [Diagnostic(code="blocks/none", summary=summary, span=span, path="spec", suggestion=hint)]
