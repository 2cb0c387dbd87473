"""Probes and computations."""

from __future__ import annotations

from typing import Final

from slac.language.document import ComputationDecl, JoinDecl, ProbeDecl
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.terms import columns, duration, ref, refs, sql, window

RETAIN: Final = "24h"


def probe(cursor: Cursor) -> ProbeDecl | None:
    """One probe; None where it does not say what it reads."""
    from_ = ref(cursor.get("from"))
    where, select = sql(cursor.get("where")), columns(cursor.get("select"))
    if from_ is None:
        return None
    return ProbeDecl(name=cursor.name, from_=from_, where=where, select=select, span=cursor.key_span, path=cursor.path)


def computation(cursor: Cursor) -> ComputationDecl | None:
    """One computation; None where it does not say what it reads."""
    from_, emits = ref(cursor.get("from")), ref(cursor.get("emits"))
    join, by = each(cursor.get("join"), _join), refs(cursor.get("by"))
    where, select, then = sql(cursor.get("where")), columns(cursor.get("select")), columns(cursor.get("then"))
    made_window, retain_us = window(cursor.get("window")), duration(cursor, "retain", RETAIN)
    if made_window is not None and cursor.get("late") is None:
        cursor.findings.fill((*cursor.steps, "late"), "drop")
    if from_ is None:
        return None
    return ComputationDecl(
        name=cursor.name,
        from_=from_,
        join=join,
        where=where,
        by=by,
        window=made_window,
        select=select,
        then=then or (),
        emits=emits,
        late="drop",
        retain_us=retain_us or 0,
        span=cursor.key_span,
        path=cursor.path,
    )


def _join(cursor: Cursor) -> JoinDecl | None:
    stream, by = ref(cursor.get("latest")), refs(cursor.get("by"))
    if stream is None:
        return None
    return JoinDecl(alias=cursor.name, stream=stream, by=by, span=cursor.key_span, path=cursor.path)
