"""What a document says of traces: the form of their records, which columns tell what, and when a trace is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from slac.diagnostics import Span
from slac.language.shed_decls import ShedDecl
from slac.language.terms import Ref, Sql

if TYPE_CHECKING:
    from slac.language.document import ColumnDecl

TraceForm: TypeAlias = Literal["executions", "events", "spans"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesDecl:
    """A computation that puts traces together; `columns`: role → column, as far as the document names it.

    `within_us` is None where the document does not say how long a trace may be.
    """

    name: str
    from_: Ref
    where: Sql | None
    by: tuple[Ref, ...]
    form: TraceForm
    columns: Mapping[str, Ref]
    timeout_us: int
    within_us: int | None
    limit: int
    by_host: bool
    repair: bool
    operations: bool
    select: tuple[ColumnDecl, ...] | None
    then: tuple[ColumnDecl, ...]
    emits: Ref | None
    retain_us: int
    form_span: Span
    span: Span
    path: str = ""
    shed: ShedDecl | None = None
