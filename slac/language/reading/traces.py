"""Computations that put traces together."""

from __future__ import annotations

from typing import Final, get_args

from slac.language.reading.cursor import Cursor
from slac.language.reading.shedding import shed
from slac.language.reading.terms import columns, duration, is_true, number, ref, refs, sql
from slac.language.terms import Ref
from slac.language.trace_decls import TraceForm, TracesDecl

TIMEOUT: Final = "4s"
RETAIN: Final = "1m"
LIMIT: Final = "100000"
ROLES: Final = ("operation", "host", "order", "depth", "start", "end", "kind", "span", "parent", "duration")
_BY_HOST: Final = "operation and host"
_ELSEWHERE: Final = ("join", "window", "late")
"""Words of other computations."""


def traces(cursor: Cursor) -> TracesDecl | None:
    """One computation with `traces`; None where it does not say what it reads, or in which form."""
    own = cursor.get("traces")
    from_, emits, where = ref(cursor.get("from")), ref(cursor.get("emits")), sql(cursor.get("where"))
    select, then, by = columns(cursor.get("select")), columns(cursor.get("then")), refs(cursor.get("by"))
    within_us, retain_us = duration(cursor, "within"), duration(cursor, "retain", RETAIN)
    limit = number(cursor, "limit", LIMIT)
    _refuse_strange_words(cursor)
    form = _form(own)
    if own is None or from_ is None or form is None:
        return None
    return TracesDecl(
        name=cursor.name,
        from_=from_,
        where=where,
        by=by or _by(cursor),
        form=form,
        columns={role: found for role in ROLES if (found := ref(own.get(role))) is not None},
        timeout_us=duration(own, "timeout", TIMEOUT) or 0,
        within_us=within_us,
        limit=limit,
        by_host=(classes := own.get("classes")) is not None and classes.text == _BY_HOST,
        repair=is_true(own, "repair"),
        operations=is_true(own, "operations"),
        select=select,
        then=then or (),
        emits=emits,
        retain_us=retain_us or 0,
        shed=shed(cursor),
        form_span=own.key_span,
        span=cursor.key_span,
        path=cursor.path,
    )


def _form(own: Cursor | None) -> TraceForm | None:
    found = own.get("form") if own is not None else None
    forms: tuple[TraceForm, ...] = get_args(TraceForm)
    return next((f for f in forms if found is not None and f == found.text), None)


def _by(cursor: Cursor) -> tuple[Ref, ...]:
    """A trace is named by `trace_id`, unless the document says otherwise."""
    if cursor.has("by"):
        return ()
    cursor.findings.fill((*cursor.steps, "by"), "trace_id")
    return (Ref(name="trace_id", span=cursor.key_span, path=cursor.path),)


def _refuse_strange_words(cursor: Cursor) -> None:
    for word in _ELSEWHERE:
        found = cursor.get(word)
        if found is not None:
            found.findings.add(
                "schema/unknown-key",
                f'"{word}" has no place beside `traces`',
                found.steps,
                found.key_span,
                details="the rows that `traces` gives can be read by a computation of its own",
            )
