"""What this runtime uses: CPU and memory of the process and its children, network as the runtime counts it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import psutil

from slac.shedding.descendants import descendants
from slac.shedding.readings import Reading
from slac.stream.clock import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU seconds used since the start, and bytes resident now."""

    cpu_seconds: float
    memory_bytes: int


class UsageReader(Protocol):
    """Where usage is read: the operating system, or a script in a test."""

    def read(self) -> Usage:
        """What has been used up to now."""
        ...


class ProcessReader:
    """This process and all below it, through psutil; a child that has ended keeps counting with what it had used.

    `below`: CPU seconds of all but this process, at the last reading.
    """

    def __init__(self, pid: int | None = None) -> None:
        self.below = 0.0
        self._process = psutil.Process(pid)
        self._seconds: dict[tuple[int, float], float] = {}

    def read(self) -> Usage:
        """CPU seconds of all that ever ran below us; resident memory, where shared pages count once."""
        children = descendants(self._process)
        memory = 0
        for process in (self._process, *children):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    memory += _resident(process, shared=bool(children))
            except psutil.Error:
                continue  # it ended between the listing and the look
            self._seconds[process.pid, process.create_time()] = times.user + times.system
        self.below = sum(s for (pid, _), s in self._seconds.items() if pid != self._process.pid)
        return Usage(cpu_seconds=sum(self._seconds.values()), memory_bytes=memory)


class Meter:
    """Turns usage that only grows into rates over the last `window` µs."""

    def __init__(self, reader: UsageReader, window: int = SECOND) -> None:
        self._reader = reader
        self._window = window
        self._samples: deque[tuple[int, float, int, int]] = deque()

    def read(self, now: int, network_bytes: int = 0, demanded_bytes: int | None = None) -> Reading:
        """Read at `now` (wall clock, µs); `network_bytes` is what the runtime has sent and received since its start.

        `demanded_bytes`: what it has received and made to be sent.
        """
        usage = self._reader.read()
        samples = self._samples
        samples.append((now, usage.cpu_seconds, network_bytes, demanded_bytes or 0))
        # The youngest sample that is at least a window old stays, as the base of the mean.
        while len(samples) > 1 and samples[1][0] <= now - self._window:
            samples.popleft()
        then, cpu, network, demanded = samples[0]
        seconds = (now - then) / SECOND
        return Reading(
            at=now,
            cpu_cores=(usage.cpu_seconds - cpu) / seconds if seconds > 0 else 0.0,
            memory_bytes=usage.memory_bytes,
            network_bits=8 * (network_bytes - network) / seconds if seconds > 0 else 0.0,
            demanded_bits=None if demanded_bytes is None else 8 * (demanded_bytes - demanded) / max(seconds, 1e-6),
        )


def _resident(process: psutil.Process, *, shared: bool) -> int:
    """Forked children share pages, so with children only the proportional size adds up; it is dear, so not without."""
    if shared:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    return int(process.memory_info().rss)
