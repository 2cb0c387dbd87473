"""The exceptions that may leave the package; each knows the exit code that the command line answers with."""

from collections.abc import Sequence
from typing import ClassVar

from slac.diagnostics.diagnostic import Diagnostic


class SlacError(Exception):
    """Root of all errors meant for a user; its text is a whole message that needs no traceback."""

    exit_code: ClassVar[int] = 4


class DocumentInvalid(SlacError, ValueError):
    """Raised at the end of a compiler stage that found errors; carries every diagnostic found so far."""

    exit_code = 1

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(f"{d.span or '-'}: {d.code}: {d.summary}" for d in self.diagnostics))


class UsageError(SlacError, ValueError):
    """The command cannot be carried out as it was given: a file that is not there, an unknown node or format."""

    exit_code = 2


class DoesNotFit(SlacError):
    """A capacity check found a budget that does not hold."""

    exit_code = 3


class RunFailed(SlacError, RuntimeError):
    """A runtime could not start or go on: a port in use, a peer that speaks nonsense, a state that cannot be read."""

    exit_code = 4
