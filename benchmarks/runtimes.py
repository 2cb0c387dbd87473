"""Runtimes as real processes, started for a benchmark, watched from outside and ended in good order."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.measure import command
from slac.diagnostics import RunFailed

PATIENCE: Final = 90.0
"""Seconds that the start of all may take."""


@dataclass(frozen=True, slots=True)
class Runtimes:
    """Processes by node; what they log goes to `log`."""

    processes: Mapping[str, subprocess.Popen[bytes]]
    log: Path

    def wait_until_joined(self) -> None:
        """Return when an edge has found its central runtime; RunFailed when that takes too long."""
        until = time.monotonic() + PATIENCE
        while b"has joined" not in self.log.read_bytes():
            self.cpu_seconds()
            if time.monotonic() > until:
                raise RunFailed(f"the runtimes did not find each other within {PATIENCE:g} s ({self.log} may say why)")
            time.sleep(0.2)

    def cpu_seconds(self) -> dict[str, float]:
        """What each has used since its start; RunFailed when one has ended."""
        used = {node: process.cpu_times() for node, process in self._alive().items()}
        return {node: times.user + times.system for node, times in used.items()}

    def resident(self) -> dict[str, int]:
        """Bytes of memory that each holds."""
        return {node: int(process.memory_info().rss) for node, process in self._alive().items()}

    def _alive(self) -> dict[str, psutil.Process]:
        for node, process in self.processes.items():
            if process.poll() is not None:
                raise RunFailed(f"the {node} runtime has ended ({self.log} says why)")
        return {node: psutil.Process(process.pid) for node, process in self.processes.items()}


@contextmanager
def running(document: Path, nodes: Sequence[str], settings: Mapping[str, str], log: Path) -> Iterator[Runtimes]:
    """`slac run` of each node of a document, with these parameters; a summary of each is left as `NODE.json`."""
    assignments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        processes = {
            node: subprocess.Popen(
                [
                    command("slac"), "run", str(document), "--node", node, "--instance", node,
                    "--summary", str(log.with_name(f"{node}.json")), *assignments,
                ],
                stdout=file,
                stderr=file,
            )
            for node in nodes
        }  # fmt: skip
        try:
            yield Runtimes(processes, log)
        finally:
            for process in processes.values():
                process.send_signal(signal.SIGINT)
            for process in processes.values():
                process.wait(timeout=30)
