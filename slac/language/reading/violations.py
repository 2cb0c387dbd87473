"""Violations, and the outputs that carry them and the reports away."""

from __future__ import annotations

from typing import Final, get_args

from slac.language.audit_decls import MessageDecl
from slac.language.document import OutputDecl, Severity, ViolationDecl
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import duration, labels, not_built, ref, refs, settings, sql, text
from slac.language.schema import words_of

_SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


def violation(cursor: Cursor) -> ViolationDecl:
    """One violation; the schema has seen to it that it states silence or a row, and not both."""
    from_, lasting = ref(cursor.get("from")), cursor.get("for")
    if from_ is not None and lasting is not None:
        not_built(lasting, '"for" with "where"', "a violation with where is raised by the first row that meets it")
    return ViolationDecl(
        name=cursor.name,
        absent=ref(cursor.get("absent")),
        for_us=duration(cursor, "for"),
        from_=from_,
        where=sql(cursor.get("where")),
        by=refs(cursor.get("by")),
        severity=_severity(cursor),
        message=_message(cursor.get("message")),
        labels=labels(cursor.get("labels")),
        during=ref(cursor.get("during")),
        span=cursor.key_span,
        path=cursor.path,
    )


def _message(cursor: Cursor | None) -> MessageDecl | None:
    said = text(cursor)
    if cursor is None or said is None:
        return None
    return MessageDecl(text=said, span=cursor.node.span, path=cursor.path)


def _severity(owner: Cursor) -> Severity:
    cursor = owner.get("severity")
    if cursor is None:
        owner.findings.fill((*owner.steps, "severity"), "warning")
        return "warning"
    return next((choice for choice in _SEVERITIES if choice == cursor.text), "warning")


def output(cursor: Cursor) -> OutputDecl | None:
    """One output; None where its adapter is missing."""
    adapter, from_ = ref(cursor.get("adapter")), refs(cursor.get("from"))
    own = settings(cursor, words_of("output"))
    if adapter is None:
        return None
    return OutputDecl(
        name=cursor.name, adapter=adapter, settings=own, from_=from_, span=cursor.key_span, path=cursor.path
    )
