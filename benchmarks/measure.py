"""How things are timed: in turns, on one core, by the processor time that they use there."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.inputs import CACHE
from slac.diagnostics import RunFailed

ONE_THREAD: Final = {"POLARS_MAX_THREADS": "1"}


def alternate(subjects: Mapping[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Median CPU seconds (all threads of this process) of each subject, in turns; the first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(runs + 1):
        for name, subject in subjects.items():
            began = time.process_time()
            subject()
            if turn:
                taken[name].append(time.process_time() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def command(name: str) -> str:
    """The console script beside this interpreter."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or name


def wall_seconds(arguments: Sequence[str]) -> float:
    """Seconds from the start of a command to its end; RunFailed when it fails."""
    began = time.perf_counter()
    _run(arguments, {})
    return time.perf_counter() - began


def cpu_seconds(arguments: Sequence[str]) -> float:
    """CPU seconds that a command uses on one core, with all that it starts; RunFailed when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(arguments, ONE_THREAD)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def medians(subjects: Mapping[str, Callable[[], float]], runs: int) -> dict[str, float]:
    """The median of what each subject measures itself, in turns."""
    taken = [{name: subject() for name, subject in subjects.items()} for _ in range(runs)]
    return {name: statistics.median(turn[name] for turn in taken) for name in subjects}


def on_one_core(module: str, *arguments: str) -> Any:
    """Run a module in a process of its own, on one core and with one Polars thread; what it prints is JSON."""
    return msgspec.json.decode(_run([sys.executable, "-m", module, *arguments], ONE_THREAD))


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> bytes:
    done = subprocess.run(
        arguments,
        env={**_as_installed(), **environment},
        capture_output=True,
        check=False,
        preexec_fn=take_one_core if environment else None,
    )
    if done.returncode:
        raise RunFailed(f"{' '.join(arguments)} failed with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    return done.stdout


def _as_installed() -> dict[str, str]:
    """The environment, with bytecode kept: a checkout may be told to write none, a package that is installed has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str((CACHE / "bytecode").resolve())}


def take_one_core() -> None:
    """Stay on one core of those that this process may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
