"""Processes that end with the demo, however it ends; what they write goes to a log file each."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PATIENCE = 15.0
"""Seconds that a process gets to end by itself: a runtime writes a checkpoint and its summary."""

INTERRUPTIONS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Child:
    """A process in a session of its own, so that Ctrl-C reaches the demo only, and the demo decides what ends when."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Tell the process and those that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self) -> int:
        """Ask it to end, and insist after a while; returns its exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self.process.wait()

    def last_words(self, lines: int = 8) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@dataclass(slots=True)
class Children:
    """All processes of one demo; leaving the context ends those that still run, the youngest first."""

    directory: Path
    started: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str], cwd: Path) -> Child:
        """Start a process; its output is appended to `<name>.log`."""
        log = self.directory / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        child = Child(name, process, log)
        self.started.append(child)
        return child

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Whoever interrupts again is answered when everything has ended.
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTIONS}
        running = [c for c in reversed(self.started) if c.ended is None]
        for child in running:
            child.signal(signal.SIGTERM)
        for child in running:
            child.stop()
        for number, handler in handlers.items():
            signal.signal(number, handler)
