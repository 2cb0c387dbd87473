"""An NDJSON file that may grow, be truncated, or be rotated away while it is read.

A position is `{inode, offset, record, head}`: the file, the byte after the last record handed over, the number of
records handed over of this source, which goes on counting through rotations, and a checksum of how the file begins,
because inode numbers are used again.
"""

import os
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from slac.adapters.decoding.lines import find_lines
from slac.adapters.files.block import BYTES, ROWS, Block

_LONGEST_RECORD: Final = 16 * 2**20
"""A line longer than this is cut (and so set aside as malformed), because it would have to be held in memory."""
_HEAD: Final = 1024


class GrowingFile:
    """Reads complete lines; a half-written last line waits until it is finished, or until nothing more can come."""

    def __init__(self, path: Path, position: dict[str, int] | None = None) -> None:
        """`position` is where an earlier run stopped. Opens nothing yet."""
        self._path = path
        self._resume = position
        self._file: BinaryIO | None = None
        self._inode = 0
        self._offset = 0
        self._record = position["record"] if position else 0
        self._rest = b""

    def read(self, *, final: bool = False) -> Block | None:
        """The next block, or None when there is nothing to read now; `final` says that the file grows no more.

        Raises FileNotFoundError where the file is not there (a file that was open is still read to its end).
        """
        if self._file is None:
            self._open()
        while True:
            block = self._next(final=final)
            if block is not None:
                return block
            if final or not self._replaced():
                return None
            # Whoever wrote the old file is done with it: what is left of it is a whole record.
            block = self._next(final=True)
            self._reopen()
            if block is not None:
                return block

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        resume, self._resume = self._resume, None
        path = self._rotated(resume["inode"]) if resume else None
        self._file = (path or self._path).open("rb", buffering=0)
        status = os.fstat(self._file.fileno())
        self._inode, self._offset = status.st_ino, 0
        if resume is not None and resume["inode"] == status.st_ino and self._begins_as(resume):
            self._offset = resume["offset"]
            self._file.seek(self._offset)

    def _begins_as(self, position: dict[str, int]) -> bool:
        offset = position["offset"]
        whole = self._file is not None and os.fstat(self._file.fileno()).st_size >= offset
        return whole and self._head(offset) == position.get("head")

    def _head(self, offset: int) -> int:
        """A checksum of the first bytes before `offset`."""
        if self._file is None:
            return 0
        return zlib.crc32(os.pread(self._file.fileno(), min(offset, _HEAD), 0))

    def _rotated(self, inode: int) -> Path | None:
        """The file that was being read, if it was renamed within its folder while nobody read it."""
        if self._path.exists() and self._path.stat().st_ino == inode:
            return None
        siblings = sorted(self._path.parent.glob(f"{self._path.name}*"))
        return next((p for p in siblings if p.is_file() and p.stat().st_ino == inode), None)

    def _reopen(self) -> None:
        self.close()
        self._rest = b""
        self._open()

    def _replaced(self) -> bool:
        """True if the path now leads to another file, or this one was cut short."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        return status.st_ino != self._inode or status.st_size < self._offset + len(self._rest)

    def _next(self, *, final: bool) -> Block | None:
        block, chunk = None, b"-"
        # Blank lines, or the beginning of a long one, make no block: then there may still be more behind them.
        while self._file is not None and block is None and chunk:
            room = BYTES - len(self._rest)
            chunk = self._file.read(room if room > 0 else BYTES) or b""
            data = self._rest + chunk
            end = data.rfind(b"\n") + 1
            if (final and not chunk) or (not end and len(data) > _LONGEST_RECORD):
                end = len(data)
            block = self._cut(data, end)
        return block

    def _cut(self, data: bytes, end: int) -> Block | None:
        """Hand over the lines before `end`, at most `ROWS` of them; what follows is kept for the next block."""
        lines = find_lines(data[:end])
        count = len(lines)
        if count > ROWS:
            end, count = int(lines.starts[ROWS]), ROWS
        self._rest = data[end:]
        begin, self._offset = self._offset, self._offset + end
        if not count:
            return None
        self._record += count
        position = {
            "inode": self._inode,
            "offset": self._offset,
            "record": self._record,
            "head": self._head(self._offset),
        }
        return Block(offset=begin, position=position, ndjson=data[:end])
