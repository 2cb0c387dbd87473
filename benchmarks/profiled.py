"""`python -m benchmarks.profiled WHAT SECONDS`: one case again and again, for a profiler to look at."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks.engine.cases import BY_NAME
from benchmarks.engine.subject import Subject
from benchmarks.traces.both import case_of
from benchmarks.traces.forms import FORMS

TRACES: Final = 100_000
BELOW: Final = "profiled_pass"
"""The function below which stands what is looked at: neither the start of Python nor the first pass."""


def subject(name: str) -> Callable[[], Any]:
    """One pass of a case of `engine`, or of a form of `traces`, with everything else made before."""
    if name in FORMS:
        return case_of(FORMS[name], FORMS[name].arrow(TRACES)).ours
    case = BY_NAME[name]
    return Subject(case, case.events).published


def profiled_pass(run: Callable[[], Any]) -> None:
    """Only a name in a stack."""
    run()


def main(name: str, seconds: float) -> None:
    """A pass to get warm, then passes for so many seconds of processor time."""
    run = subject(name)
    run()
    until = time.process_time() + seconds
    while time.process_time() < until:
        profiled_pass(run)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
