"""Numbered segments that grow at their end, for buffers of links and for journals: files, or memory for tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

SUFFIX: Final = ".segment"


class Segments(Protocol):
    """Numbered byte sequences that grow at their end. What `sync` has returned from survives a crash of the machine.

    Every method raises OSError where the disk refuses.
    """

    def numbers(self) -> list[int]:
        """Those that are there, ascending."""

    def size(self, number: int) -> int:
        """Bytes of one."""

    def append(self, number: int, at: int, parts: Sequence[bytes]) -> None:
        """Write `parts` at `at`, the end of what is whole; creates what is not there. What fails leaves no trace."""

    def read(self, number: int, at: int, size: int) -> bytes:
        """Up to `size` bytes from `at` on."""

    def cut(self, number: int, size: int) -> None:
        """Forget all behind `size` bytes."""

    def remove(self, number: int) -> None:
        """Forget one; nothing where it is not there."""

    def sync(self, numbers: Sequence[int]) -> None:
        """Bring these to the disk, where they are still there. May be called from another thread."""

    def close(self) -> None:
        """Nothing more is written."""


class SegmentFiles:
    """Segments as files of a directory, which is made when the first is written."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: tuple[int, int] | None = None

    def numbers(self) -> list[int]:
        """By their names; other files are left alone."""
        names = (p.name.removesuffix(SUFFIX) for p in self._directory.glob(f"*{SUFFIX}"))
        return sorted(int(name) for name in names if name.isdecimal())

    def size(self, number: int) -> int:
        """Bytes of the file."""
        return self._path(number).stat().st_size

    def append(self, number: int, at: int, parts: Sequence[bytes]) -> None:
        """Write all of it, or take back what was written."""
        handle = self._open(number)
        try:
            left = memoryview(b"".join(parts))
            offset = at
            while left:
                written = os.pwrite(handle, left, offset)
                left, offset = left[written:], offset + written
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, at)
            raise

    def read(self, number: int, at: int, size: int) -> bytes:
        """One read; a segment that is being written is read as far as it is written."""
        with self._path(number).open("rb", buffering=0) as file:
            return os.pread(file.fileno(), size, at)

    def cut(self, number: int, size: int) -> None:
        """Truncate the file."""
        os.truncate(self._path(number), size)

    def remove(self, number: int) -> None:
        """Delete the file."""
        if self._file is not None and self._file[0] == number:
            self.close()
        self._path(number).unlink(missing_ok=True)

    def sync(self, numbers: Sequence[int]) -> None:
        """Each file, and the directory that names them."""
        for number in numbers:
            _sync(self._path(number))
        if numbers:
            _sync(self._directory)

    def close(self) -> None:
        """Let go of the file that is written to."""
        if self._file is not None:
            os.close(self._file[1])
            self._file = None

    def _open(self, number: int) -> int:
        if self._file is None or self._file[0] != number:
            self.close()
            self._directory.mkdir(parents=True, exist_ok=True)
            self._file = number, os.open(self._path(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file[1]

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:012d}{SUFFIX}"


class SegmentMemory:
    """Segments in memory; `room` bounds them as a disk does, and `crash` forgets what was not brought to the disk."""

    def __init__(self, room: int | None = None) -> None:
        self.room = room
        self.held: dict[int, bytearray] = {}
        self._synced: dict[int, int] = {}

    def numbers(self) -> list[int]:
        """Those that are there."""
        return sorted(self.held)

    def size(self, number: int) -> int:
        """Bytes of one."""
        return len(self.held[number])

    def append(self, number: int, at: int, parts: Sequence[bytes]) -> None:
        """As long as there is room."""
        data = b"".join(parts)
        if self.room is not None and sum(map(len, self.held.values())) + len(data) > self.room:
            raise OSError(28, "No space left on device")
        segment = self.held.setdefault(number, bytearray())
        segment[at:] = data

    def read(self, number: int, at: int, size: int) -> bytes:
        """A part of one."""
        return bytes(self.held[number][at : at + size])

    def cut(self, number: int, size: int) -> None:
        """Forget its end."""
        del self.held[number][size:]

    def remove(self, number: int) -> None:
        """Forget one."""
        self.held.pop(number, None)
        self._synced.pop(number, None)

    def sync(self, numbers: Sequence[int]) -> None:
        """Remember how much of each is safe."""
        self._synced |= {n: len(self.held[n]) for n in numbers if n in self.held}

    def close(self) -> None:
        """Nothing is open."""

    def crash(self, torn: int) -> None:
        """Lose what was not synced, but for `torn` bytes of each; the last of them are damaged."""
        for number, segment in list(self.held.items()):
            safe = self._synced.get(number, 0)
            kept = min(len(segment), safe + torn)
            del segment[kept:]
            if kept > safe:
                segment[kept - 1] ^= 0xFF
            if not kept:
                self.remove(number)


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return  # all that it held was acknowledged meanwhile
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
