"""Probes and computations."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from slac.diagnostics import nearest
from slac.language.document import ComputationDecl, Late, PatternDecl, ProbeDecl, TracesDecl, WindowDecl
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.joins import join
from slac.language.reading.patterns import pattern
from slac.language.reading.shedding import shed
from slac.language.reading.terms import columns, duration, not_built, ref, refs, sql, window
from slac.language.reading.traces import traces
from slac.language.schema import schema

RETAIN: Final = "24h"
_KEPT: Final[tuple[Late, ...]] = ("restate", "side")
_RESTATED: Final = ("tumbling", "hopping", "calendar", "session", "sliding", "running")


def probe(cursor: Cursor) -> ProbeDecl | None:
    """One probe; None where it does not say what it reads."""
    from_ = ref(cursor.get("from"))
    where, select = sql(cursor.get("where")), columns(cursor.get("select"))
    if from_ is None:
        return None
    return ProbeDecl(
        name=cursor.name,
        from_=from_,
        where=where,
        select=select,
        span=cursor.key_span,
        path=cursor.path,
        shed=shed(cursor),
    )


def computation(cursor: Cursor) -> ComputationDecl | PatternDecl | TracesDecl | None:
    """One computation; None where it does not say what it reads."""
    if cursor.has("pattern"):
        return pattern(cursor)
    _check_words(cursor)
    if cursor.has("traces"):
        return traces(cursor)
    from_, emits = ref(cursor.get("from")), ref(cursor.get("emits"))
    joined, by = each(cursor.get("join"), join), refs(cursor.get("by"))
    where, select, then = sql(cursor.get("where")), columns(cursor.get("select")), columns(cursor.get("then"))
    made_window, retain_us = window(cursor.get("window")), duration(cursor, "retain", RETAIN)
    if from_ is None:
        return None
    return ComputationDecl(
        name=cursor.name,
        from_=from_,
        join=joined,
        where=where,
        by=by,
        window=made_window,
        select=select,
        then=then or (),
        emits=emits,
        late=_late(cursor, made_window),
        retain_us=retain_us or 0,
        during=ref(cursor.get("during")),
        shed=shed(cursor),
        span=cursor.key_span,
        path=cursor.path,
    )


def _check_words(cursor: Cursor) -> None:
    """What the schema leaves open: without a pattern there is a stream to read, and no word of patterns."""
    for word in () if cursor.has("traces") else ("within", "limit"):
        found = cursor.get(word)
        if found is not None:
            found.findings.add(
                "schema/unknown-key",
                f'"{word}" has no meaning without `pattern` or `traces`',
                found.steps,
                found.key_span,
                details=f"{word} bounds the matches of a pattern, or traces",
            )
    during = cursor.get("during")
    if during is not None and cursor.has("traces"):
        not_built(during, '"during" with `traces`', "filter the rows in a computation before")
    words = schema()["definitions"]["computation"]["properties"]
    # A word that is not built yet, or is misspelt, has been told of, and stands in place of what seems to be missing.
    told = (k for k in cursor.words if "x-not-built" in words.get(k, {}) or _means_from(k, words))
    if not cursor.has("from") and not any(told):
        cursor.findings.add(
            "schema/missing-key",
            'the key "from" is missing',
            cursor.steps,
            cursor.key_span,
            details="from: The block, or event type, to read.",
        )


def _means_from(key: str, words: Container[str]) -> bool:
    return key not in words and nearest(key, ("from",)) is not None


def _late(owner: Cursor, made: WindowDecl | None) -> Late:
    """What becomes of late rows: windows can be said again, or give them to others."""
    cursor = owner.get("late")
    said: Late | None = next((w for w in _KEPT if cursor is not None and cursor.text == w), None)
    if cursor is None or said is None:
        if cursor is None and made is not None:
            owner.findings.fill((*owner.steps, "late"), "drop")
        return "drop"
    if made is None or (said == "restate" and made.kind not in _RESTATED):
        kind = "without a window" if made is None else f"with a window of kind {made.kind}"
        not_built(cursor, f'"late: {said}" {kind}', f"built: with {', '.join(_RESTATED)}")
    return said
