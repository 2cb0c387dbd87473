"""Violations, and the outputs that carry them and the reports away."""

from __future__ import annotations

from typing import Final, get_args

from slac.language.audit_decls import MessageDecl
from slac.language.document import OutputDecl, Severity, ViolationDecl
from slac.language.reading.cursor import Cursor
from slac.language.reading.shedding import shed
from slac.language.reading.terms import duration, labels, ref, refs, settings, sql, text
from slac.language.reading.timing import lasting
from slac.language.schema import words_of

_SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


def violation(cursor: Cursor) -> ViolationDecl:
    """One violation; the schema has seen to it that it states silence or a row, and not both."""
    absent = ref(cursor.get("absent"))
    return ViolationDecl(
        name=cursor.name,
        absent=absent,
        for_us=duration(cursor, "for") if absent is not None else None,
        from_=ref(cursor.get("from")),
        where=sql(cursor.get("where")),
        by=refs(cursor.get("by")),
        severity=_severity(cursor),
        message=_message(cursor.get("message")),
        labels=labels(cursor.get("labels")),
        lasting=lasting(cursor.get("for")) if absent is None else None,
        repeat_every_us=_longer(cursor, "repeat_every"),
        retain_us=_longer(cursor, "retain"),
        during=ref(cursor.get("during")),
        shed=shed(cursor),
        span=cursor.key_span,
        path=cursor.path,
    )


def _longer(owner: Cursor, key: str) -> int | None:
    """A duration longer than zero."""
    cursor, said = owner.get(key), duration(owner, key)
    if cursor is None or said != 0:
        return said
    cursor.say("language/unit", f'"{key}" is longer than zero', suggestion="leave it out, or write a longer time")
    return None


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
