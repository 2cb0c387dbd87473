"""Tables: their columns and key, and where they are read."""

from __future__ import annotations

from slac.language.reading.cursor import Cursor, each
from slac.language.reading.events import field_
from slac.language.reading.terms import refs, settings
from slac.language.schema import words_of
from slac.language.table_decls import TableDecl
from slac.language.terms import Ref


def table(cursor: Cursor) -> TableDecl:
    """One table."""
    return TableDecl(
        name=cursor.name,
        adapter=Ref(name="table", span=cursor.key_span, path=cursor.path),
        columns=each(cursor.get("columns"), field_),
        key=refs(cursor.get("key")),
        settings=settings(cursor, words_of("table")),
        span=cursor.key_span,
        path=cursor.path,
    )
