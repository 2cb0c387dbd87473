"""The processes below a process, without a look at all others of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil

PROC: Final = Path("/proc")


def descendants(process: psutil.Process, proc: Path = PROC) -> list[psutil.Process]:
    """Children, their children, and so on; those that end meanwhile are left out."""
    if not _children_file(proc, process.pid, process.pid).exists():
        # Where the kernel keeps no list of children, psutil compares the parents of all processes.
        return process.children(recursive=True)
    found: list[psutil.Process] = []
    waiting = _children(proc, process.pid)
    while waiting:
        pid = waiting.pop()
        try:
            found.append(psutil.Process(pid))
        except psutil.Error:
            continue
        waiting += _children(proc, pid)
    return found


def _children(proc: Path, pid: int) -> list[int]:
    """Each thread has its own."""
    try:
        threads = [int(entry.name) for entry in (proc / str(pid) / "task").iterdir()]
    except OSError:
        return []
    return [int(child) for thread in threads for child in _text(_children_file(proc, pid, thread)).split()]


def _children_file(proc: Path, pid: int, thread: int) -> Path:
    return proc / str(pid) / "task" / str(thread) / "children"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
