"""The case in a process of its own: checks that both sides agree, then times them in turns, and prints JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from benchmarks.engine.runtime import run_core
from benchmarks.measure import alternate
from benchmarks.traces import both


def main(source: Path, runs: int) -> None:
    """Print the median CPU seconds of each side. Compiling is not part of them."""
    both.check(source)
    plan = both.plan_of(source)
    taken = alternate({"slac": lambda: run_core(plan, source), "polars": lambda: both.theirs(source)}, runs)
    sys.stdout.buffer.write(msgspec.json.encode(taken))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
