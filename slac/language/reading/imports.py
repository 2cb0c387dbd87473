"""`imports`: other documents by alias, perhaps with parameters, and with inputs of the importer in place of theirs."""

from __future__ import annotations

from slac.language.document import ImportDecl
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import inner_span, ref, text
from slac.language.yaml.nodes import Mapping


def import_(cursor: Cursor) -> ImportDecl | None:
    """One import; None where it does not say which document."""
    place = cursor.get("document") if isinstance(cursor.node, Mapping) else cursor
    document = text(place)
    given = cursor.get("parameters") if isinstance(cursor.node, Mapping) else None
    instead = cursor.get("inputs") if isinstance(cursor.node, Mapping) else None
    if place is None or document is None:
        return None
    values = {e.name: e.text for e in given.entries()} if given is not None else {}
    return ImportDecl(
        alias=cursor.name,
        document=document,
        parameters={name: value for name, value in values.items() if value is not None},
        span=inner_span(place),
        inputs={e.name: found for e in instead.entries() if (found := ref(e))} if instead is not None else {},
        path=cursor.path,
    )
