"""Event types and their fields."""

from __future__ import annotations

from typing import Final, get_args

from slac.diagnostics import listed, suggest
from slac.language.document import EventDecl, FieldDecl, FieldType
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.terms import not_built, refs
from slac.language.yaml.nodes import Mapping

_SCALARS: Final[tuple[FieldType, ...]] = tuple(name for name in get_args(FieldType) if name != "struct")
_NOT_BUILT: Final = ("enum", "list", "map", "series")


def event(cursor: Cursor) -> EventDecl:
    """One event type."""
    return EventDecl(
        name=cursor.name,
        extends=refs(cursor.get("extends")),
        payload=each(cursor.get("payload"), _field),
        context=each(cursor.get("context"), _field),
        span=cursor.key_span,
        path=cursor.path,
    )


def _field(cursor: Cursor) -> FieldDecl | None:
    if isinstance(cursor.node, Mapping):
        return _declared(cursor, "struct", nullable=False, fields=each(cursor, _field))
    written = (cursor.text or "").strip()
    base = written.removesuffix("?").strip()
    type_name = next((name for name in _SCALARS if name == base), None)
    if type_name is not None:
        return _declared(cursor, type_name, nullable=written.endswith("?"))
    if base.startswith(_NOT_BUILT):
        not_built(cursor, f'the type "{base}"', f"built: {listed(_SCALARS)}, and mappings of fields")
        return None
    cursor.say(
        "schema/bad-value",
        f'"{written}" is not a type',
        suggestion=suggest(base, _SCALARS),
        details=f'types: {listed(_SCALARS)}, or a mapping of fields; "{_SCALARS[0]}?" may be missing',
    )
    return None


def _declared(cursor: Cursor, type_name: FieldType, *, nullable: bool, fields: tuple[FieldDecl, ...] = ()) -> FieldDecl:
    return FieldDecl(
        name=cursor.name,
        type_name=type_name,
        nullable=nullable,
        span=cursor.key_span,
        path=cursor.path,
        fields=fields,
    )
