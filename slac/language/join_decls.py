"""What a document says of the streams that a computation is joined with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from slac.diagnostics import Span
from slac.language.terms import Ref

JoinKind: TypeAlias = Literal["latest", "interval", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinDecl:
    """Rows of `stream` with equal `by` columns, seen as `alias.column`.

    `latest`: the latest of them. `table`: the one of the table `stream`. `interval`: each that is less than
    `before_us` earlier or `after_us` later (`within` is both), of the earlier ones the last `limit`; `outer` keeps
    rows without any.
    """

    alias: str
    kind: JoinKind
    stream: Ref
    by: tuple[Ref, ...]
    span: Span
    path: str = ""
    before_us: int | None = None
    after_us: int | None = None
    outer: bool = False
    limit: int = 0
