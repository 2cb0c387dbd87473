"""Holds another process to a share of a core from outside: it is stopped whenever it has used more than it may.

What a cgroup does with a quota, in slices of the same length, and without leave to make one.
"""

from __future__ import annotations

import signal
import subprocess
import time
from typing import Final

import psutil

from benchmarks.overload.background import Background

SLICE: Final = 0.02
"""Seconds between two looks."""
SAVED: Final = 0.1
"""Seconds of a share that may be used later than they were earned."""


class Leash(Background):
    """Holds `process` to `cores` while it is entered."""

    def __init__(self, process: subprocess.Popen[bytes], cores: float) -> None:
        super().__init__()
        self._process = process
        self._cores = cores

    def _work(self) -> None:
        watched, credit = psutil.Process(self._process.pid), 0.0
        try:
            used, at = sum(watched.cpu_times()[:2]), time.monotonic()
            while not self._ended.wait(SLICE) and self._process.poll() is None:
                before, used = used, sum(watched.cpu_times()[:2])
                since, at = at, time.monotonic()
                credit = allowed(credit, self._cores, at - since, used - before)
                if credit < 0:
                    self._rest(-credit / self._cores)
        except psutil.NoSuchProcess:
            return

    def _rest(self, seconds: float) -> None:
        self._process.send_signal(signal.SIGSTOP)
        self._ended.wait(seconds)
        self._process.send_signal(signal.SIGCONT)


def allowed(credit: float, cores: float, passed: float, used: float) -> float:
    """CPU seconds that may be used now, after so many have `passed` and been `used`."""
    return min(credit + cores * passed, cores * SAVED) - used
