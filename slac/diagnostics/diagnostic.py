"""One finding about a document."""

from dataclasses import dataclass
from enum import StrEnum

from slac.diagnostics.spans import Span


class Severity(StrEnum):
    """How much a finding matters: an error stops the compiler at the end of its stage."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that helps to understand a finding, with what it has to do with it."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A finding with its stable code (`names/unknown-column`), its place, what exists and what to do next.

    `summary` is one line without a full stop; `path` is the place in the document (`spec.probes.slow.where`);
    `suggestion` proposes the next step (`did you mean "duration"?`); `details` says what exists.
    """

    code: str
    summary: str
    span: Span | None = None
    severity: Severity = Severity.ERROR
    path: str = ""
    suggestion: str = ""
    details: str = ""
    related: tuple[Related, ...] = ()
