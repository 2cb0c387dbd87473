"""What a document says of a pattern: its text, the tree of it, and where its atoms and expressions stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slac.diagnostics import Span
from slac.language.patterns.tree import AnyPattern
from slac.language.shed_decls import ShedDecl
from slac.language.terms import Ref, Sql

if TYPE_CHECKING:
    from slac.language.document import ColumnDecl


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomDecl:
    """An event of a pattern: the stream that it is of. `span` is the place of its tag, or of the stream."""

    stream: Ref
    tag: str | None
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternDecl:
    """A computation that matches a pattern; its atoms and expressions stand in the order of their numbers."""

    name: str
    pattern: Sql
    tree: AnyPattern
    atoms: tuple[AtomDecl, ...]
    texts: tuple[Sql, ...]
    by: tuple[Ref, ...]
    within_us: int | None
    limit: int | None
    select: tuple[ColumnDecl, ...] | None
    emits: Ref | None
    retain_us: int
    span: Span
    path: str = ""
    shed: ShedDecl | None = None

    @property
    def then(self) -> tuple[ColumnDecl, ...]:
        """A pattern has none."""
        return ()
