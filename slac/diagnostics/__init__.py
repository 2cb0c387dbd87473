"""What is said to a user when something is wrong: spans, codes, code frames, exit codes. Imports nothing of ours."""

from slac.diagnostics.diagnostic import Diagnostic, Related, Severity
from slac.diagnostics.errors import DocumentInvalid, DoesNotFit, RunFailed, SlacError, UsageError
from slac.diagnostics.spans import Position, Source, Span

__all__ = [
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
]
