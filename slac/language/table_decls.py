"""What a document says of tables: their columns and key, and where they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slac.diagnostics import Span
from slac.language.event_types import FieldDecl
from slac.language.terms import Ref, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDecl:
    """A table that computations look rows up in: one row for each value of `key`.

    `settings` say where it is read and belong to what reads it; `adapter` names that, and is always `table`.
    """

    name: str
    adapter: Ref
    columns: tuple[FieldDecl, ...]
    key: tuple[Ref, ...]
    settings: Mapping[str, Setting]
    span: Span
    path: str = ""
