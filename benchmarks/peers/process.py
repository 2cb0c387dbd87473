"""A process that does one case over and over: a line in is a command, a line of JSON out its answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

import msgspec

from benchmarks.measure import ONE_THREAD, take_one_core
from slac.diagnostics import RunFailed


class Process:
    """Runs on one core, in turns with others there."""

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it; its events are read while nobody waits."""
        self._command = list(command)
        self._errors = TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **ONE_THREAD},
            preexec_fn=take_one_core,  # noqa: PLW1509 - there are no threads yet
        )

    def __enter__(self) -> Self:
        """Closed at the end."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def write_results(self, path: Path) -> None:
        """One pass whose rows are written to `path`. RunFailed where it fails."""
        self._ask(f"results {path}")

    def seconds(self) -> float:
        """The CPU seconds of one more pass. RunFailed where it fails."""
        return float(self._ask("run"))

    def _ask(self, command: str) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        try:
            assert stdin is not None
            assert stdout is not None
            stdin.write(command.encode() + b"\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace")[-2000:]
            raise RunFailed(f"{' '.join(self._command)} has ended with {self._process.returncode}:\n{said}")
        return msgspec.json.decode(answer)
