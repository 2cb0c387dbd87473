"""What this machine has to give: cores and memory, as the operating system and the cgroup around us leave them."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final

import msgspec

CGROUPS: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")
CPU_INFO: Final = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Cores and memory that a runtime on this machine could use at most, and what kind of machine it is.

    It names neither host nor path: it travels inside calibrations and reports.
    """

    cpu_cores: float
    memory_bytes: int
    cpu_model: str = ""
    python: str = ""
    polars: str = ""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a cgroup allows; None where it says nothing."""

    cpu_cores: float | None = None
    memory_bytes: int | None = None


def read_machine() -> Machine:
    """This machine, or the part of it that our cgroup and CPU affinity leave to us."""
    import psutil  # Slow to load, and who reads a calibration needs none of it.

    limits = read_limits()
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    memory = psutil.virtual_memory().total
    return Machine(
        cpu_cores=min(cores, limits.cpu_cores or cores),
        memory_bytes=min(memory, limits.memory_bytes or memory),
        cpu_model=_cpu_model(),
        python=platform.python_version(),
        polars=_polars_version(),
    )


def read_limits(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> Limits:
    """The tightest limits of the cgroups around this process, version 1 or 2; a limit holds for all below it."""
    cores: list[float] = []
    memory: list[int] = []
    for directory in _directories(root, membership):
        cores += [c for c in (_quota_v2(directory), _quota_v1(directory)) if c is not None]
        memory += [m for n in ("memory.max", "memory.limit_in_bytes") if (m := _integer(directory / n)) is not None]
    return Limits(cpu_cores=min(cores, default=None), memory_bytes=min(memory, default=None))


def _directories(root: Path, membership: Path) -> list[Path]:
    """Our cgroup's folder and its parents, per controller; in a container the root itself is what we can see."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    found: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and not {"cpu", "memory"} & set(controllers.split(",")):
            continue
        for base in (root / controllers, *(root / c for c in controllers.split(",") if c)):
            own = base / path.lstrip("/")
            found += [own, *(p for p in own.parents if p.is_relative_to(base))]
    return found


def _quota_v2(directory: Path) -> float | None:
    words = _text(directory / "cpu.max").split()
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(directory: Path) -> float | None:
    quota, period = _integer(directory / "cpu.cfs_quota_us"), _integer(directory / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _integer(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.lstrip("-").isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _cpu_model() -> str:
    for line in _text(CPU_INFO).splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _polars_version() -> str:
    from importlib.metadata import version

    return version("polars")
