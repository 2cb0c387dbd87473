"""One case in a process of its own: checks that both sides agree, then times them in turns, and prints JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from benchmarks.engine import tumbling
from benchmarks.engine.runtime import compile_case, run_core
from benchmarks.measure import alternate


def main(source: Path, runs: int) -> None:
    """Print the median CPU seconds of each side. Compiling is not part of them."""
    tumbling.check(source)
    plan = compile_case(tumbling.NAME, source)
    taken = alternate({"slac": lambda: run_core(plan, source), "polars": lambda: tumbling.theirs(source)}, runs)
    sys.stdout.buffer.write(msgspec.json.encode(taken))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
