"""What a runtime uses while nothing comes in: the watchdog document as edge and central, its inputs silent."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from benchmarks.inputs import CACHE
from benchmarks.measure import command
from benchmarks.report import Bar, Row, row
from benchmarks.startup import WATCHDOG
from slac.diagnostics import RunFailed
from slac.testing import free_port

SETTLE: Final = 5.0
"""Seconds from the moment when the edge has joined to the first reading."""
PATIENCE: Final = 90.0
"""Seconds that the start of both may take."""
SECONDS: Final = 10.0
LOG: Final = CACHE / "idle.log"
NODES: Final = ("central", "edge")
BAR: Final = Bar("under", 1.0)


def run(settle: float = SETTLE, seconds: float = SECONDS) -> list[Row]:
    """One row a node."""
    with _runtimes(_silent_document()) as processes:
        _wait_until_joined(processes)
        time.sleep(settle)
        before = _used(processes)
        time.sleep(seconds)
        after = _used(processes)
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


@contextmanager
def _runtimes(document: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    settings = {
        "every": "24h",
        "central": f"tcp://127.0.0.1:{free_port()}",
        "shop": f"http://127.0.0.1:{free_port()}",
        "record": str(CACHE / "idle.ndjson"),
    }
    assignments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    log = LOG.open("wb")
    processes = {
        node: subprocess.Popen(
            [command("slac"), "run", str(document), "--node", node, *assignments], stdout=log, stderr=log
        )
        for node in NODES
    }
    try:
        yield processes
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGINT)
        for process in processes.values():
            process.wait(timeout=30)
        log.close()


def _wait_until_joined(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + PATIENCE
    while b"has joined" not in LOG.read_bytes():
        _used(processes)
        if time.monotonic() > until:
            raise RunFailed(f"the runtimes did not find each other within {PATIENCE:g} s ({LOG} may say why)")
        time.sleep(0.2)


def _used(processes: dict[str, subprocess.Popen[bytes]]) -> dict[str, float]:
    """CPU seconds of each since its start."""
    for node, process in processes.items():
        if process.poll() is not None:
            raise RunFailed(f"the {node} runtime has ended ({LOG} says why)")
    used = {node: psutil.Process(process.pid).cpu_times() for node, process in processes.items()}
    return {node: times.user + times.system for node, times in used.items()}
