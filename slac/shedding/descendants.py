"""The processes below a process, without a look at all others of the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import psutil

PROC: Final = Path("/proc")


def descendants(process: psutil.Process, proc: Path = PROC) -> list[psutil.Process]:
    """Children, their children, and so on; those that end meanwhile are left out."""
    if process.pid == os.getpid() and not _has_any():
        return []
    # Read four times a second for as long as a runtime lives, once for each of its threads: paths as plain text.
    if not os.path.exists(f"{proc}/{process.pid}/task/{process.pid}/children"):  # noqa: PTH110
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


def _has_any() -> bool:
    """Whether this process has children: one call, where there is one, in place of a file for each of its threads."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children(proc: Path, pid: int) -> list[int]:
    """Each thread has its own."""
    try:
        threads = os.listdir(f"{proc}/{pid}/task")  # noqa: PTH208
    except OSError:
        return []
    return [int(child) for thread in threads for child in _text(f"{proc}/{pid}/task/{thread}/children").split()]


def _text(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""
