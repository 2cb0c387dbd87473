"""Input `host`: readings of the machine that slac runs on, through psutil."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from slac.adapters.settings import length_of_time, schema, seconds, text
from slac.stream.ports import InputContext

if TYPE_CHECKING:
    from slac.adapters.host_input import HostInput

SCHEMA: Final = schema(
    {
        "every": length_of_time("How often the machine is read.", "1s"),
        "disk": text("A path on the disk that disk_percent is about.", default="/"),
    }
)
CAN_WAIT: Final = False
EVENT: Final = {
    "cpu_percent": "busy share of all processors since the reading before, 0 to 100",
    "memory_percent": "share of memory that is not available, 0 to 100",
    "memory_used_bytes": "memory in use",
    "swap_percent": "share of swap in use, 0 to 100",
    "load1": "load average of one minute",
    "load5": "load average of five minutes",
    "load15": "load average of fifteen minutes",
    "disk_percent": "share of the disk in use, 0 to 100",
    "disk_read_bytes": "bytes read from disks since the machine started",
    "disk_write_bytes": "bytes written to disks since the machine started",
    "net_sent_bytes": "bytes sent since the machine started",
    "net_recv_bytes": "bytes received since the machine started",
    "processes": "number of processes",
    "uptime_seconds": "seconds since the machine started",
    "instance": "the instance that read (context)",
}


def build(settings: Mapping[str, Any], context: InputContext) -> HostInput:
    """The input for checked settings."""
    from slac.adapters.host_input import HostInput  # psutil and asyncio are slow to load

    return HostInput(seconds(settings, "every", "1s"), settings.get("disk", "/"), context)
