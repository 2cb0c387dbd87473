"""The lines at the end of a file, by their hashes: what is about to be written again after a crash is recognised."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import xxhash

REACH: Final = 64 * 1024 * 1024
"""Bytes at the end of a file that are looked at: a crash repeats what was published since a checkpoint."""


class KnownLines:
    """Lines that a file held when it was opened; eight bytes each, and what a set takes for them."""

    def __init__(self, path: Path, reach: int = REACH) -> None:
        self._hashes = {xxhash.xxh3_64_intdigest(line) for line in _lines(path, reach)} if path.is_file() else set()

    def without(self, lines: bytes) -> bytes:
        """Whole lines, without those that the file had."""
        if not self._hashes:
            return lines
        fresh = (x for x in lines.splitlines(keepends=True) if xxhash.xxh3_64_intdigest(x) not in self._hashes)
        return b"".join(fresh)


def _lines(path: Path, reach: int) -> Iterator[bytes]:
    """The whole lines of the last `reach` bytes, with their ends; OSError passes through."""
    with path.open("rb") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - reach)
        file.seek(begin)
        if begin:
            file.readline()
        yield from (line for line in file if line.endswith(b"\n"))
