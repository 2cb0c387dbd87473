"""References, SQL, columns, units and settings, as all blocks use them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from slac.diagnostics import Position, Span
from slac.language.document import ColumnDecl, Ref, Setting, Sql, WindowDecl
from slac.language.durations import format_duration, parse_duration
from slac.language.reading.cursor import Cursor
from slac.language.windows import parse_window
from slac.language.yaml.nodes import Mapping, Scalar, plain, walk

T = TypeVar("T")

COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
"""A bare column, or any other name that may have parts."""

_NOT_BUILT = "is part of the language, but not built yet"


def not_built(cursor: Cursor, what: str, details: str = "") -> None:
    """Adds the finding for something that the language names and this version does not build."""
    cursor.say("language/not-built", f"{what} {_NOT_BUILT}", details=details)


def ref(cursor: Cursor | None) -> Ref | None:
    """A name, perhaps with dots."""
    if cursor is None or cursor.text is None:
        return None
    if not COLUMN.fullmatch(cursor.text):
        cursor.say(
            "names/bad-name", f'"{cursor.text}" is not a name', details="a name is made of letters, digits and _"
        )
        return None
    return Ref(name=cursor.text, span=inner_span(cursor), path=cursor.path)


def refs(cursor: Cursor | None) -> tuple[Ref, ...]:
    """A name or a list of names."""
    made = (ref(item) for item in cursor.items()) if cursor is not None else ()
    return tuple(item for item in made if item is not None)


def text(cursor: Cursor | None) -> str | None:
    """A text that is not empty."""
    if cursor is None or cursor.text is None:
        return None
    if not cursor.text.strip():
        cursor.say("schema/bad-value", "this text is empty", suggestion="write a value, or leave the key out")
        return None
    return cursor.text


def path_of(cursor: Cursor | None) -> Ref | None:
    """The path of a file, and where it stands."""
    said = text(cursor)
    if cursor is None or said is None:
        return None
    return Ref(name=said, span=inner_span(cursor), path=cursor.path)


def labels(cursor: Cursor | None) -> dict[str, str]:
    """Names and their texts."""
    return {entry.name: entry.text or "" for entry in cursor.entries()} if cursor is not None else {}


def sql(cursor: Cursor | None) -> Sql | None:
    """SQL as written; an empty one is a finding."""
    if cursor is None or not isinstance(cursor.node, Scalar):
        return None
    scalar = cursor.node
    if not scalar.text.strip():
        cursor.say(
            "schema/bad-value", "an SQL expression is missing here", suggestion="write one, or leave the key out"
        )
        return None
    return Sql(text=scalar.text, span=inner_span(cursor), path=cursor.path, segments=scalar.segments)


def inner_span(cursor: Cursor) -> Span:
    """The place of a scalar without its quotes, where its text stands unchanged on one line; else of all of it."""
    scalar = cursor.node
    if not isinstance(scalar, Scalar) or len(scalar.segments) != 1 or scalar.segments[0].length != len(scalar.text):
        return scalar.span
    start = scalar.segments[0].start
    return Span(scalar.span.source, start, Position(start.line, start.column + len(scalar.text)))


def unit(cursor: Cursor | None, parse: Callable[[str], T]) -> T | None:
    """What the unit's parser makes of the text; what it refuses is a finding."""
    if cursor is None or cursor.text is None:
        return None
    try:
        return parse(cursor.text)
    except ValueError as error:
        cursor.say("language/unit", str(error))
        return None


def duration(owner: Cursor, key: str, default: str | None = None, *, zero: bool = False) -> int | None:
    """Microseconds; the default is recorded as filled in. A length of zero is a finding unless `zero`."""
    cursor = owner.get(key)
    if cursor is None:
        if default is None or (isinstance(owner.node, Mapping) and owner.node.get(key) is not None):
            return None
        owner.findings.fill((*owner.steps, key), default)
        return parse_duration(default)
    length = unit(cursor, parse_duration)
    if length == 0 and not zero:
        cursor.say("language/unit", f'"{key}" is longer than zero', suggestion=f"write at least {format_duration(1)}")
    return length


def number(owner: Cursor, key: str, default: str) -> int:
    """A whole number; the default is recorded as filled in."""
    cursor = owner.get(key)
    if cursor is None:
        owner.findings.fill((*owner.steps, key), default)
        return int(default)
    return int(cursor.text or default)


def is_true(owner: Cursor, key: str) -> bool:
    """Whether a key says `true`; one that is left out does not."""
    cursor = owner.get(key)
    return cursor is not None and cursor.text == "true"


def columns(cursor: Cursor | None) -> tuple[ColumnDecl, ...] | None:
    """The entries of a `select` or `then`; None where there is none."""
    if cursor is None:
        return None
    made = (_column(item) for item in cursor.items())
    return tuple(item for item in made if item is not None)


def _column(item: Cursor) -> ColumnDecl | None:
    if isinstance(item.node, Mapping):
        named = next(iter(item.entries()), None)
        written = sql(named)
        if named is None or written is None:
            return None
        return ColumnDecl(name=named.name, sql=written, span=named.key_span, path=named.path)
    source = item.text or ""
    if not COLUMN.fullmatch(source):
        item.say("schema/bad-value", "an expression needs a name", suggestion=f"write it as - name: {source or 'SQL'}")
        return None
    return ColumnDecl(name=source.rsplit(".", 1)[-1], sql=None, source=source, span=inner_span(item), path=item.path)


def window(cursor: Cursor | None) -> WindowDecl | None:
    """A window, or None."""
    if cursor is None or cursor.text is None:
        return None
    said = unit(cursor, parse_window)
    if said is None:
        return None
    return WindowDecl(
        kind=said.kind,
        size_us=said.size_us,
        every_us=said.every_us,
        unit=said.unit,
        zone=said.zone,
        span=inner_span(cursor),
        path=cursor.path,
    )


def settings(owner: Cursor, words: frozenset[str]) -> dict[str, Setting]:
    """All keys of a block that are not `words` of the language."""
    found: dict[str, Setting] = {}
    for entry in owner.entries():
        if entry.name not in words:
            spans = {steps: node.span for steps, node in walk(entry.node)}
            found[entry.name] = Setting(
                value=plain(entry.node), span=entry.node.span, key_span=entry.key_span, path=entry.path, spans=spans
            )
    return found
