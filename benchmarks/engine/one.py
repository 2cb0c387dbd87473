"""`python -m benchmarks.engine.one CASE …`: the rows of some cases beside their peers, printed and written nowhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console

from benchmarks.engine import with_peers
from benchmarks.engine.cases import BY_NAME
from benchmarks.report import report, show


def main(names: Sequence[str]) -> None:
    """The first form of each case, which is the one with a bar."""
    unknown = [name for name in names if name not in BY_NAME]
    if unknown or not names:
        sys.exit(f"cases: {', '.join(BY_NAME)}")
    rows = list(with_peers.rows(tuple(BY_NAME[name] for name in names), most=1))
    show(report("engine", rows, with_peers.versions()), Console(width=120))


if __name__ == "__main__":
    main(sys.argv[1:])
