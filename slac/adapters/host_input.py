"""Reads the machine that slac runs on, time and again: what input `host` becomes when it runs."""

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

import orjson
import psutil

from slac.stream.ports import InputContext, InputSink, Records

Reading = Callable[[str], float | int | None]
"""Takes the path whose disk is meant."""

_READINGS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        "cpu_percent": lambda _: psutil.cpu_percent(interval=None),
        "memory_percent": lambda _: psutil.virtual_memory().percent,
        "memory_used_bytes": lambda _: psutil.virtual_memory().used,
        "swap_percent": lambda _: psutil.swap_memory().percent,
        "load1": lambda _: os.getloadavg()[0],
        "load5": lambda _: os.getloadavg()[1],
        "load15": lambda _: os.getloadavg()[2],
        "disk_percent": lambda disk: psutil.disk_usage(disk).percent,
        # A machine without disks of its own (a container) has no counters.
        "disk_read_bytes": lambda _: getattr(psutil.disk_io_counters(), "read_bytes", None),
        "disk_write_bytes": lambda _: getattr(psutil.disk_io_counters(), "write_bytes", None),
        "net_sent_bytes": lambda _: psutil.net_io_counters().bytes_sent,
        "net_recv_bytes": lambda _: psutil.net_io_counters().bytes_recv,
        "processes": lambda _: len(psutil.pids()),
    }
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HostInput:
    """Takes only those readings that the event type declares. The first one comes after an interval: CPU needs two."""

    can_wait = False

    def __init__(self, every: float, disk: str, context: InputContext) -> None:
        self._every = every
        self._disk = disk
        self._context = context
        self._names = [name for name in _READINGS if name in context.fields]

    async def run(self, sink: InputSink) -> None:
        """Read until cancelled; with `once`, one time."""
        loop = asyncio.get_running_loop()
        psutil.cpu_percent(interval=None)
        due = loop.time()
        while True:
            due = max(due + self._every, loop.time())
            await asyncio.sleep(due - loop.time())
            await sink.push(self._records())
            if self._context.once:
                return

    def _records(self) -> Records:
        now = self._context.now()
        payload: dict[str, float | int | None] = {name: _READINGS[name](self._disk) for name in self._names}
        if "uptime_seconds" in self._context.fields:
            payload["uptime_seconds"] = now / 1_000_000 - psutil.boot_time()
        event = {
            "timestamp": (_EPOCH + timedelta(microseconds=now)).isoformat(),
            "payload": payload,
            "context": {"instance": self._context.instance},
        }
        line = orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
        return Records(source=self._context.instance, arrival=now, ndjson=line, origin=self._context.instance)
