"""Esper under the same curves: half a core, a heap as large as slac's budget, and a queue in front, as one would do it.

It has no gate: what does not fit waits in the queue, which grows until the heap is full, or, where it has an end, in
the sender. It is warm before anything counts, and until then it may use all of a core.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.overload.judging import Windows
from benchmarks.overload.leash import Leash
from benchmarks.overload.said import Said
from benchmarks.overload.subject import Curve, Second, heard, start_feeder, watch
from benchmarks.peers.esper import Esper
from slac.diagnostics import RunFailed
from slac.testing import free_port

WARM: Final = 6.0
"""Seconds without a leash, at a rate that is no strain."""
LAST: Final = 2.0
"""Seconds after the feed in which results may still come."""
OUT_OF_MEMORY: Final = 3
"""The exit code of a virtual machine whose heap is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What it told of itself at `at` (wall clock, s): events done since the start, and events that wait."""

    at: float
    done: int
    waiting: int


@dataclass(slots=True)
class Told:
    """What its standard output said, line by line, as it came."""

    lines: list[tuple[float, bytes]] = field(default_factory=list)

    def listen(self, process: subprocess.Popen[bytes]) -> None:
        """Until it ends."""
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append((time.time(), line))

    def read(self) -> tuple[list[Said], list[Progress]]:
        """Rows, and how it went."""
        said, progress = [], []
        for at, line in self.lines:
            values: dict[str, Any] = msgspec.json.decode(line)
            if "done" in values:
                progress.append(Progress(at=at, **values))
            else:
                said.append(Said(begin=values["began"], endpoint=values["endpoint"], values=values, at=at))
        return said, progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Endured:
    """All of one run; `died` (wall clock, s) where its heap was full, else 0."""

    seconds: list[Second]
    parts: list[dict[str, float]]
    windows: Windows
    said: list[Said]
    progress: list[Progress]
    died: float

    def done(self, begin: float, end: float) -> float:
        """Events a second between two instants."""
        inside = [p for p in self.progress if begin <= p.at <= end]
        return (inside[-1].done - inside[0].done) / (inside[-1].at - inside[0].at) if len(inside) > 1 else 0.0


def endured(esper: Esper, curve: Curve, folder: Path, *, room: int, cores: float, memory: int) -> Endured:
    """One run of a curve, the first part of which warms it up; `room`: lines that may wait, 0 for any number.

    RunFailed where it ends by anything but memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, told = free_port(), Told()
    feeder = start_feeder("line", "ndjson", f"tcp://127.0.0.1:{port}", curve)
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(esper.overload(port, room, memory), stdout=subprocess.PIPE, stderr=errors)
        listener = threading.Thread(target=told.listen, args=(process,), daemon=True)
        listener.start()
        try:
            seconds = _leashed(process, feeder, cores)
            died = time.time() if process.poll() == OUT_OF_MEMORY else 0.0
            if process.poll() not in (None, 0, OUT_OF_MEMORY):
                raise RunFailed(f"Esper has ended with {process.poll()} ({folder / 'errors.txt'} may say why)")
            parts, windows = heard(feeder)
        finally:
            _end(process, feeder)
            listener.join()
    said, progress = told.read()
    return Endured(seconds=seconds, parts=parts, windows=windows, said=said, progress=progress, died=died)


def _leashed(process: subprocess.Popen[bytes], feeder: subprocess.Popen[bytes], cores: float) -> list[Second]:
    time.sleep(WARM)
    with Leash(process, cores):
        seconds = watch(process, feeder)
        if process.poll() is None:
            time.sleep(LAST)
    return seconds


def _end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
