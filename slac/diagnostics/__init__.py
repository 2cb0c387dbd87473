"""What is said to a user when something is wrong: spans, codes, code frames, exit codes. Imports nothing of ours."""

from slac.diagnostics.codes import CODES, page_of
from slac.diagnostics.diagnostic import Diagnostic, Related, Severity
from slac.diagnostics.errors import DocumentInvalid, DoesNotFit, RunFailed, SlacError, UsageError
from slac.diagnostics.render import in_order, render_json, render_text
from slac.diagnostics.spans import Position, Source, Span
from slac.diagnostics.suggest import listed, nearest, suggest
from slac.diagnostics.suppressions import apply_suppressions

__all__ = [
    "CODES",
    "Diagnostic",
    "DocumentInvalid",
    "DoesNotFit",
    "Position",
    "Related",
    "RunFailed",
    "Severity",
    "SlacError",
    "Source",
    "Span",
    "UsageError",
    "apply_suppressions",
    "in_order",
    "listed",
    "nearest",
    "page_of",
    "render_json",
    "render_text",
    "suggest",
]
