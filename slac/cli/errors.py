"""How an exception ends a command: a message on stderr and an exit code, never a traceback unless it is asked for."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Final

from slac.cli.console import say, wants_color
from slac.diagnostics import Diagnostic, DocumentInvalid, RunFailed, Severity, SlacError, render_text

DEBUG: Final = "SLAC_DEBUG"
"""The environment variable that asks for tracebacks."""


@singledispatch
def report(error: Exception, environment: Mapping[str, str]) -> int:
    """Tell the user of `error`; returns the exit code. An exception that is not ours is a bug, and says so."""
    if environment.get(DEBUG):
        say("".join(traceback.format_exception(error)).rstrip())
    say(f"slac: internal error: {type(error).__name__}: {_one_line(error)} ({_location(error)})")
    say(f"Please report this with the document that caused it. {DEBUG}=1 shows the whole traceback.")
    return RunFailed.exit_code


@report.register
def _(error: SlacError, environment: Mapping[str, str]) -> int:
    if environment.get(DEBUG):
        say("".join(traceback.format_exception(error)).rstrip())
    say(f"slac: {error}")
    return error.exit_code


@report.register
def _(error: DocumentInvalid, environment: Mapping[str, str]) -> int:
    show(error.diagnostics, environment)
    return error.exit_code


def show(diagnostics: Iterable[Diagnostic], environment: Mapping[str, str]) -> None:
    """Findings with their code frames and their number, on stderr; nothing for none."""
    found = list(dict.fromkeys(diagnostics))
    if found:
        say(render_text(found, color=wants_color(environment)))
        say(counted(found))


def rendered(diagnostics: Iterable[Diagnostic], environment: Mapping[str, str]) -> str:
    """Findings with their code frames for standard output."""
    return render_text(diagnostics, color=wants_color(environment, sys.stdout))


def counted(found: Sequence[Diagnostic]) -> str:
    """`1 error, 2 warnings`."""
    counts = {s: sum(d.severity is s for d in found) for s in Severity}
    return ", ".join(f"{n} {s}{'' if n == 1 else 's'}" for s, n in counts.items() if n)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _location(error: Exception) -> str:
    """The innermost place in the program: file name and line."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
