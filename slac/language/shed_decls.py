"""What a document says of load: what may be dropped, what results must stay worth, and what was dropped before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from slac.diagnostics import Span
from slac.language.terms import Ref

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledDecl:
    """That an input's spans were thinned before: the fields of their `tracestate` and trace, `spans` of one at most."""

    tracestate: Ref
    trace: Ref
    spans: int
    span: Span
    path: str = ""
