"""The few things that are done to files which must survive; one seam, so that a test can let a disk fail."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600


class Files:
    """Writes that are on the disk when they return, in files for their owner only. Every method may raise OSError."""

    def write(self, path: Path, data: bytes) -> None:
        """A whole file, under a name that nobody reads yet."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        try:
            _put(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)

    def replace(self, source: Path, target: Path) -> None:
        """Rename, in place of what is there."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Delete; one that is gone already is no mistake."""
        path.unlink(missing_ok=True)

    def sync(self, directory: Path) -> None:
        """Make names durable."""
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


SEGMENT: Final = 8 * 1024 * 1024
"""Bytes after which a file of lines is set aside (`.1`); the one set aside before it goes."""


def append_lines(path: Path, lines: Iterable[bytes], *, sync: bool = False) -> None:
    """Add lines to a file for its owner only, all or none; its folders are made. OSError where the disk refuses.

    A file of more than `SEGMENT` bytes is set aside before. A torn line is ended. `sync`: the lines are
    on the disk at the return.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > SEGMENT:
        path.replace(with_aside(path)[0])
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        before = os.fstat(handle).st_size
        torn = before > 0 and os.pread(handle, 1, before - 1) != b"\n"
        try:
            _put(handle, b"\n" * torn + b"".join(line + b"\n" for line in lines))
            if sync:
                os.fsync(handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, before)
            raise
    finally:
        os.close(handle)
    if sync and not before:
        Files().sync(path.parent)


def with_aside(path: Path) -> tuple[Path, Path]:
    """The file of lines that was set aside, if there is one, and the one that is written to: the order of the lines."""
    return path.with_name(f"{path.name}.1"), path


def _put(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
