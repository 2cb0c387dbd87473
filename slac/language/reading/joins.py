"""What a computation is joined with."""

from __future__ import annotations

from typing import Final

from slac.language.join_decls import JoinDecl, JoinKind
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import duration, is_true, number, ref, refs

LIMIT: Final = "1000"
_KINDS: Final[tuple[JoinKind, ...]] = ("latest", "interval", "table")
_OF_INTERVALS: Final = ("within", "before", "after", "outer", "limit")


def join(cursor: Cursor) -> JoinDecl | None:
    """One joined stream; None where it does not say which, or in two ways."""
    said = [kind for kind in _KINDS if cursor.has(kind)]
    if len(said) != 1:
        _one_of(cursor, said)
        return None
    kind = said[0]
    _refuse_strange_words(cursor, kind)
    stream, by = ref(cursor.get(kind)), refs(cursor.get("by"))
    if stream is None:
        return None
    if kind != "interval":
        return JoinDecl(alias=cursor.name, kind=kind, stream=stream, by=by, span=cursor.key_span, path=cursor.path)
    within = duration(cursor, "within")
    return JoinDecl(
        alias=cursor.name,
        kind=kind,
        stream=stream,
        by=by,
        before_us=within or duration(cursor, "before"),
        after_us=within or duration(cursor, "after"),
        outer=is_true(cursor, "outer"),
        limit=number(cursor, "limit", LIMIT),
        span=cursor.key_span,
        path=cursor.path,
    )


def _one_of(cursor: Cursor, said: list[JoinKind]) -> None:
    if said:
        found = cursor.get(said[1]) or cursor.empty(said[1])
        found.say("schema/bad-value", f'a join is either "{said[0]}" or "{said[1]}"', suggestion="make it two joins")
    else:
        cursor.findings.add(
            "schema/missing-key",
            'one of the keys "latest", "interval" and "table" is missing',
            cursor.steps,
            cursor.key_span,
            details="latest: the last row of a stream; interval: every row of a stream that is near in time; "
            "table: the row of a table",
        )


def _refuse_strange_words(cursor: Cursor, kind: JoinKind) -> None:
    for word in _OF_INTERVALS:
        if kind != "interval" and cursor.has(word):
            found = cursor.get(word) or cursor.empty(word)
            found.findings.add(
                "schema/unknown-key",
                f'"{word}" has no meaning without `interval`',
                found.steps,
                found.key_span,
                details=f'"{word}" is said of joins with all rows of an interval; `{kind}` gives one row at most',
            )
    if cursor.has("within") and (cursor.has("before") or cursor.has("after")):
        word = "before" if cursor.has("before") else "after"
        (cursor.get(word) or cursor.empty(word)).say(
            "schema/bad-value",
            f'"within" says what "{word}" says',
            suggestion="write `before` and `after`, or `within`",
        )
