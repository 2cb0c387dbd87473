"""What a document says of load: what may be dropped, and what results must stay worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from slac.diagnostics import Span

ShedMode: TypeAlias = Literal["never", "approximate", "subset"]
Whole: TypeAlias = Literal["windows", "keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedDecl:
    """A shed contract; `stated` is false where the document is silent.

    `error` and `confidence` are shares; `error` None is no bound. `by`: what a subset leaves out as a whole.
    """

    mode: ShedMode
    error: float | None = None
    confidence: float = 0.95
    by: Whole = "windows"
    priority: int = 1
    span: Span
    path: str = ""
    stated: bool = True
