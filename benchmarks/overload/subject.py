"""One runtime under one curve of load, watched from outside: readings each second, and what it says of itself."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.measure import command
from benchmarks.overload.judging import Windows, windows_of
from benchmarks.overload.said import Listener, Said
from benchmarks.overload.traffic import Form
from slac.diagnostics import RunFailed

Curve = Sequence[tuple[float, float]]
"""Seconds, and events a second."""
SETTLE: Final = 3.0
"""Seconds before the curve begins, in which the runtime starts and joins its feed."""
_GATE: Final = re.compile(r"^(\S+ \S+) INFO slac\.gate: gate of requests admits ([0-9.]+) %")


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """A reading: cores used in the second before `at` (wall clock, s), and bytes resident."""

    at: float
    cores: float
    resident: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All of one run; `parts` and `windows` as the feeder told them, `gate` the share admitted from each instant on."""

    seconds: list[Second]
    parts: list[dict[str, float]]
    windows: Windows
    said: list[Said]
    gate: list[tuple[float, float]]
    summary: dict[str, Any]
    survived: bool

    @property
    def counts(self) -> Mapping[str, Any]:
        """What became of the records."""
        counts: Mapping[str, Any] = self.summary.get("inputs", {}).get("requests", {"kept": 0, "counted": 0})
        return counts


def watched(started: Sequence[str], form: Form, feed: str, results: str, curve: Curve, folder: Path) -> Run:
    """Start a runtime, let it join, feed it, and end it in good order; RunFailed where it did not come up.

    `feed` and `results`: the addresses that it reads from and publishes to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    with log.open("wb") as file, Listener(results) as listener:
        runtime = subprocess.Popen(
            [*started, "--summary", str(folder / "summary.json")], stdout=file, stderr=file, cwd=folder
        )
        feeder = None
        try:
            _wait_until_up(runtime, log)
            feeder = start_feeder("push", form, feed, curve)
            seconds = watch(runtime, feeder)
            survived = runtime.poll() is None
            parts, windows = heard(feeder)
        finally:
            end(runtime, feeder)
    summary = json.loads((folder / "summary.json").read_text()) if (folder / "summary.json").exists() else {}
    return Run(
        seconds=seconds,
        parts=parts,
        windows=windows,
        said=listener.said(),
        gate=_gate(log),
        summary=summary,
        survived=survived,
    )


def start_feeder(way: str, form: Form, address: str, curve: Curve) -> subprocess.Popen[bytes]:
    """A feeder that begins as soon as somebody takes what it sends."""
    feeder = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.overload.feeder", way, form, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert feeder.stdin is not None
    feeder.stdin.write(json.dumps(list(curve)).encode())
    feeder.stdin.close()
    return feeder


def heard(feeder: subprocess.Popen[bytes]) -> tuple[list[dict[str, float]], Windows]:
    """What it told, when it has ended."""
    assert feeder.stdout is not None
    *parts, last = [json.loads(line) for line in feeder.stdout] or [{}]
    return parts, windows_of(last.get("windows", {}))


def slac_run(document: Path, settings: Mapping[str, str]) -> list[str]:
    """The command that runs a document."""
    assignments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    return [command("slac"), "run", str(document), *assignments]


def _wait_until_up(runtime: subprocess.Popen[bytes], log: Path) -> None:
    """It has started when it is quiet: all that is costly is behind it."""
    process, quiet = psutil.Process(runtime.pid), 0
    before = 0.0
    for _ in range(600):
        if runtime.poll() is not None:
            raise RunFailed(f"the runtime has ended ({log} says why)")
        used = sum(process.cpu_times()[:2])
        quiet = quiet + 1 if used > 0.3 and used - before < 0.02 else 0
        before = used
        if quiet >= SETTLE / 0.2:
            return
        time.sleep(0.2)
    raise RunFailed(f"the runtime does not come to rest ({log} may say why)")


def watch(runtime: subprocess.Popen[bytes], feeder: subprocess.Popen[bytes]) -> list[Second]:
    """Read once a second, as long as both are there."""
    process = psutil.Process(runtime.pid)
    found, began = [], time.monotonic()
    before, last = sum(process.cpu_times()[:2]), began
    while feeder.poll() is None and runtime.poll() is None:
        time.sleep(max(last + 1.0 - time.monotonic(), 0.0))
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            break
        used, at = sum(process.cpu_times()[:2]), time.monotonic()
        found.append(Second(at=time.time(), cores=(used - before) / (at - last), resident=process.memory_info().rss))
        before, last = used, at
    return found


def end(*processes: subprocess.Popen[bytes] | None) -> None:
    """Let them end in good order, or at least end."""
    for process in processes:
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in processes:
        if process is None:
            continue
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()


def _gate(log: Path) -> list[tuple[float, float]]:
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if match := _GATE.match(line):
            at = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()
            found.append((at, float(match[2]) / 100))
    return found
