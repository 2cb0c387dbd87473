"""Event types and their fields."""

from __future__ import annotations

from slac.language.document import EventDecl, FieldDecl
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.terms import refs
from slac.language.reading.types import TypeText, type_text
from slac.language.yaml.nodes import Items, Mapping


def event(cursor: Cursor) -> EventDecl:
    """One event type."""
    return EventDecl(
        name=cursor.name,
        extends=refs(cursor.get("extends")),
        payload=each(cursor.get("payload"), field_),
        context=each(cursor.get("context"), field_),
        span=cursor.key_span,
        path=cursor.path,
        series=refs(cursor.get("series")),
        sensitive=refs(cursor.get("sensitive")),
    )


def field_(cursor: Cursor) -> FieldDecl | None:
    """A field by its key; `name?` may be missing whatever its type."""
    name = cursor.name.removesuffix("?")
    return _typed(cursor, name, nullable=cursor.name != name)


def _typed(cursor: Cursor, name: str, *, nullable: bool) -> FieldDecl | None:
    match cursor.node:
        case Mapping():
            kind, item = TypeText("struct"), None
        case Items():
            kind, item = TypeText("list"), next((_typed(i, name, nullable=False) for i in cursor.items()), None)
            if item is None:
                return None
        case _:
            written = type_text(cursor)
            if written is None:
                return None
            return _of_text(cursor, name, written, nullable=nullable)
    fields = each(cursor, field_) if isinstance(cursor.node, Mapping) else ()
    return FieldDecl(
        name=name,
        type_name=kind.name,
        nullable=nullable,
        span=cursor.key_span,
        path=cursor.path,
        fields=fields,
        item=item,
    )


def _of_text(cursor: Cursor, name: str, written: TypeText, *, nullable: bool) -> FieldDecl:
    return FieldDecl(
        name=name,
        type_name=written.name,
        nullable=nullable or written.nullable,
        span=cursor.key_span,
        path=cursor.path,
        values=written.values,
        item=_of_text(cursor, name, written.item, nullable=False) if written.item is not None else None,
    )
