"""Computations that match patterns of events."""

from __future__ import annotations

from typing import Final

from slac.language.document import AtomDecl, PatternDecl
from slac.language.patterns import Parsed, PatternSyntaxError, Place, atoms, parse_pattern
from slac.language.reading.cursor import Cursor
from slac.language.reading.shedding import shed
from slac.language.reading.terms import columns, duration, ref, refs, sql
from slac.language.terms import Ref, Segment, Sql

RETAIN: Final = "24h"
_ELSEWHERE: Final = ("from", "join", "where", "window", "then", "late", "during")
"""Words of computations that read one stream."""


def pattern(cursor: Cursor) -> PatternDecl | None:
    """One pattern; None where its text is none."""
    written = sql(cursor.get("pattern"))
    parsed = None if written is None else _parsed(cursor, written)
    by, emits = refs(cursor.get("by")), ref(cursor.get("emits"))
    select, within_us = columns(cursor.get("select")), duration(cursor, "within")
    limit, retain_us = _limit(cursor), duration(cursor, "retain", RETAIN)
    _refuse_strange_words(cursor)
    if written is None or parsed is None:
        return None
    return PatternDecl(
        name=cursor.name,
        pattern=written,
        tree=parsed.pattern,
        atoms=_atoms(written, parsed),
        texts=tuple(part(written, place) for place in parsed.texts),
        by=by,
        within_us=within_us,
        limit=limit,
        select=select,
        emits=emits,
        retain_us=retain_us or 0,
        shed=shed(cursor),
        span=cursor.key_span,
        path=cursor.path,
    )


def part(written: Sql, place: Place) -> Sql:
    """A stretch of a text as SQL of its own, which knows where it stands."""
    segments = tuple(
        Segment(first - place.start, last - first, s.at(first))
        for s in written.segments
        if (first := max(s.offset, place.start)) < (last := min(s.offset + s.length, place.end))
    )
    return Sql(
        text=written.text[place.start : place.end],
        span=written.locate(place.start, place.end),
        path=written.path,
        segments=segments,
    )


def _parsed(cursor: Cursor, written: Sql) -> Parsed | None:
    try:
        return parse_pattern(written.text)
    except PatternSyntaxError as error:
        cursor.findings.add(
            "patterns/syntax",
            error.summary,
            (*cursor.steps, "pattern"),
            written.locate(error.start, min(error.end, max(len(written.text), error.start))),
            suggestion=error.suggestion,
        )
        return None


def _atoms(written: Sql, parsed: Parsed) -> tuple[AtomDecl, ...]:
    made = []
    for atom in atoms(parsed.pattern):
        stream, name = parsed.streams[atom.index], parsed.names[atom.index]
        span = written.locate(stream.start, stream.end)
        read = Ref(name=atom.stream, span=span, path=written.path)
        made.append(AtomDecl(stream=read, tag=atom.name, span=written.locate(name.start, name.end), path=written.path))
    return tuple(made)


def _limit(owner: Cursor) -> int | None:
    cursor = owner.get("limit")
    return int(cursor.text) if cursor is not None and cursor.text is not None else None


def _refuse_strange_words(cursor: Cursor) -> None:
    for word in _ELSEWHERE:
        found = cursor.get(word)
        if found is not None:
            found.findings.add(
                "schema/unknown-key",
                f'"{word}" has no place beside `pattern`',
                found.steps,
                found.key_span,
                details="a pattern names its streams and conditions in its text; what it gives can be read by a "
                "computation of its own",
            )
