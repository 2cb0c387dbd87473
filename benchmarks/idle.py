"""What a runtime uses while nothing comes in: the watchdog document as edge and central, its inputs silent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from benchmarks.inputs import CACHE
from benchmarks.report import Bar, Row, row
from benchmarks.runtimes import running
from benchmarks.startup import WATCHDOG
from slac.diagnostics import RunFailed
from slac.testing import free_port

SETTLE: Final = 5.0
"""Seconds from the moment when the edge has joined to the first reading."""
SECONDS: Final = 10.0
NODES: Final = ("central", "edge")
BAR: Final = Bar("under", 0.5)


def run(settle: float = SETTLE, seconds: float = SECONDS) -> list[Row]:
    """One row a node."""
    with running(_silent_document(), NODES, _settings(), CACHE / "idle" / "log") as runtimes:
        runtimes.wait_until_joined()
        time.sleep(settle)
        before = runtimes.cpu_seconds()
        time.sleep(seconds)
        after = runtimes.cpu_seconds()
    return [row(f"idle {node}", 100 * (after[node] - before[node]) / seconds, "% of a core", bar=BAR) for node in NODES]


def _silent_document() -> Path:
    """The watchdog, which looks at the service and at its own machine only once a day."""
    text = WATCHDOG.read_text(encoding="utf-8")
    silent = text.replace("adapter: host\n", "adapter: host\n      every: 24h\n")
    if silent == text:
        raise RunFailed(f"{WATCHDOG} has no host input to be silenced")
    path = CACHE / "idle.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(silent, encoding="utf-8")
    return path


def _settings() -> dict[str, str]:
    return {
        "every": "24h",
        "central": f"tcp://127.0.0.1:{free_port()}",
        "shop": f"http://127.0.0.1:{free_port()}",
        "record": str(CACHE / "idle.ndjson"),
    }
