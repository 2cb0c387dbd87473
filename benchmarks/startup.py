"""How long a user waits for `slac` to say something: the bare import, the help, and the plan of the watchdog document.

The clock is what a user sees, so the bars are on it; beside it the processor time, which other load on the machine
changes less.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measure import command, cpu_seconds, medians, wall_seconds
from benchmarks.report import Bar, Row, row

WATCHDOG: Final = Path("sla_docs") / "scenarios" / "watchdog.yaml"
RUNS: Final = 7
PEER: Final = "python -c pass"


def run() -> list[Row]:
    """All rows."""
    slac = command("slac")
    return [
        *_rows("import slac.cli.main", [sys.executable, "-c", "import slac.cli.main"], Bar("under", 0.15)),
        *_rows("slac --help", [slac, "--help"], Bar("under", 0.3)),
        *_rows("slac compile watchdog.yaml", [slac, "compile", str(WATCHDOG)], Bar("under", 1.0)),
    ]


def _rows(name: str, arguments: Sequence[str], bar: Bar) -> list[Row]:
    nothing = [sys.executable, "-c", "pass"]
    taken = medians(
        {
            "wall": partial(wall_seconds, arguments),
            "peer wall": partial(wall_seconds, nothing),
            "cpu": partial(cpu_seconds, arguments),
            "peer cpu": partial(cpu_seconds, nothing),
        },
        RUNS,
    )
    return [
        row(name, taken["wall"], "s", peer=PEER, peer_value=taken["peer wall"], bar=bar),
        row(f"{name}, processor time", taken["cpu"], "CPU s", peer=PEER, peer_value=taken["peer cpu"]),
    ]
