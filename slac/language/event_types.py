"""Event types as a document declares them: fields, what they extend, what names a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from slac.diagnostics import Span
from slac.language.terms import Ref

FieldType: TypeAlias = Literal[
    "string", "float", "int", "bool", "timestamp", "duration", "struct", "enum", "list", "map"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDecl:
    """A field: `fields` of a struct, `values` of an enum, `item` of a list. `span` is the field's name."""

    name: str
    type_name: FieldType
    nullable: bool
    span: Span
    path: str = ""
    fields: tuple[FieldDecl, ...] = ()
    values: tuple[str, ...] = ()
    item: FieldDecl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDecl:
    """An event type: what it extends, its own fields, those that name one series, and those to be hashed."""

    name: str
    extends: tuple[Ref, ...]
    payload: tuple[FieldDecl, ...]
    context: tuple[FieldDecl, ...]
    span: Span
    path: str = ""
    series: tuple[Ref, ...] = ()
    sensitive: tuple[Ref, ...] = ()
