"""An Arrow IPC file, in slices of rows; both the file format (read slice by slice) and the stream format (read whole).

A position is `{inode, offset, record}` with the offset in rows.
"""

import os
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from slac.adapters.files.block import ROWS, Block
from slac.diagnostics import RunFailed

_MAGIC: Final = b"ARROW1"


class ArrowFile:
    """Reads the rows of a finished Arrow file; a file that takes its place under the same name is read anew."""

    def __init__(self, path: Path, position: dict[str, int] | None = None) -> None:
        """`position` is where an earlier run stopped. Opens nothing yet."""
        self._path = path
        self._inode = position["inode"] if position else 0
        self._offset = position["offset"] if position else 0
        self._record = position["record"] if position else 0
        self._rows: pl.LazyFrame | None = None
        self._read_through: tuple[int, int, int] | None = None

    def read(self, *, final: bool = False) -> Block | None:
        """The next slice, or None at the end. FileNotFoundError for no file, RunFailed where it is no Arrow."""
        try:
            return self._read(final=final)
        except PolarsError as error:
            raise RunFailed(f"{self._path} cannot be read as Arrow IPC: {str(error).splitlines()[0]}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._rows = None

    def _read(self, *, final: bool) -> Block | None:
        status = self._path.stat()
        if status.st_ino != self._inode:
            self._inode, self._offset, self._rows = status.st_ino, 0, None
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        if state == self._read_through or (self._rows is None and not final and self._is_unfinished()):
            return None
        if self._rows is None:
            self._rows = self._open()
        frame = self._rows.slice(self._offset, ROWS).collect()
        if not frame.height:
            self._read_through = state
            return None
        begin = self._offset
        self._offset += frame.height
        self._record += frame.height
        position = {"inode": self._inode, "offset": self._offset, "record": self._record}
        return Block(offset=begin, position=position, frame=frame)

    def _is_unfinished(self) -> bool:
        """True while somebody still writes: the file format ends with its magic word."""
        with self._path.open("rb") as file:
            head = file.read(len(_MAGIC))
            end = file.seek(0, os.SEEK_END)
            if head != _MAGIC:
                return end == 0
            file.seek(max(0, end - len(_MAGIC)))
            return end < 2 * len(_MAGIC) or file.read() != _MAGIC

    def _open(self) -> pl.LazyFrame:
        with self._path.open("rb") as file:
            magic = file.read(len(_MAGIC))
        return pl.scan_ipc(self._path) if magic == _MAGIC else pl.read_ipc_stream(self._path).lazy()
