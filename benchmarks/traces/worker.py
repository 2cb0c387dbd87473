"""A form in a process of its own: checks that both sides agree, then times them in turns, and prints JSON."""

from __future__ import annotations

import sys

import msgspec

from benchmarks.measure import alternate
from benchmarks.traces.both import case_of
from benchmarks.traces.forms import FORMS


def main(name: str, traces: int, runs: int) -> None:
    """Print the median CPU seconds of each side. Compiling and reading the file are not part of them."""
    form = FORMS[name]
    case = case_of(form, form.arrow(traces))
    case.check()
    taken = alternate({"slac": case.ours, "polars": case.theirs}, runs)
    sys.stdout.buffer.write(msgspec.json.encode(taken))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
