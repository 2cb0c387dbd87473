"""Tables in files. A file counts as changed when its content has; it is read when its size or time say that it may."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import xxhash

from slac.adapters.settings import resolve
from slac.adapters.tables.reader import Unreadable, chosen


class FileTable:
    """A CSV or Parquet file; values of a CSV file stay text, and an empty field is NULL."""

    def __init__(self, path: str, directory: str, form: str | None, columns: tuple[str, ...]) -> None:
        self._path: Path = resolve(directory, path)
        self._name = path
        self._parquet = form == "parquet" or (form is None and self._path.suffix in {".parquet", ".pq"})
        self._columns = columns
        self._stamp: tuple[int, int, int] | None = None
        self._digest = b""

    def read(self, max_rows: int) -> pl.DataFrame | None:
        """All rows, or None where the file is that of before."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return None
            content = self._path.read_bytes()
        except OSError as error:
            raise Unreadable(f"{self._name} cannot be read: {error.strerror}") from None
        digest = xxhash.xxh3_128_digest(content)
        if digest == self._digest:
            self._stamp = stamp
            return None
        frame = chosen(self._parsed(content, max_rows), self._columns, max_rows)
        self._stamp, self._digest = stamp, digest
        return frame

    def _parsed(self, content: bytes, max_rows: int) -> pl.DataFrame:
        try:
            if self._parquet:
                return pl.read_parquet(io.BytesIO(content), n_rows=max_rows + 1)
            return pl.read_csv(io.BytesIO(content), infer_schema=False, n_rows=max_rows + 1)
        except (pl.exceptions.PolarsError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Unreadable(f"{self._name} cannot be read: {reason}") from None
