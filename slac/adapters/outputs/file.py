"""Output `file`: NDJSON records appended to a file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import polars as pl

from slac.adapters.environment import Problem, at, writable
from slac.adapters.files.known import KnownLines
from slac.adapters.files.torn import mend
from slac.adapters.publication.records import to_ndjson
from slac.adapters.settings import resolve, schema, text
from slac.diagnostics import RunFailed
from slac.stream.ports import OutputContext

SCHEMA: Final = schema(
    {"path": text("The file, relative to where slac runs; its folders are made.", minLength=1)}, required=("path",)
)
CAN_WAIT: Final = False
BEGINNING: Final = b'{"document":'
"""How every record begins."""


def build(settings: Mapping[str, Any], context: OutputContext) -> "FileOutput":
    """The output for checked settings."""
    return FileOutput(resolve(context.directory, settings["path"]), context)


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the file can be written; it is not made."""
    return at("path", writable(settings["path"]))


class FileOutput:
    """Appends what is not there yet; what was published is in the file (not yet on the disk) when `publish` returns."""

    def __init__(self, path: Path, context: OutputContext) -> None:
        self._path = path
        self._context = context
        self._file: BinaryIO | None = None
        self._torn = False
        self._known: KnownLines | None = None

    async def open(self) -> None:
        """Make the folders and open the file; RunFailed where that is not allowed."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            mend(self._path, BEGINNING)
            self._known = KnownLines(self._path)
            self._file = self._path.open("ab", buffering=0)
        except OSError as error:
            raise RunFailed(f"{self._path} cannot be written: {error.strerror}.") from error

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """Append all rows, with one write as long as the disk takes it; RunFailed where it does not."""
        if self._file is None or self._known is None:
            raise RunFailed(f"{self._path} is not open.")
        kind = self._context.kinds.get(block, "row")
        lines = to_ndjson(frame, document=self._context.document, block=block, kind=kind)
        try:
            if self._torn:
                # Of what is tried again, some may be in the file by now.
                mend(self._path, BEGINNING)
                self._known = KnownLines(self._path)
            rest = memoryview(self._known.without(lines))
            self._torn = True
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
            self._torn = False
        except OSError as error:
            raise RunFailed(f"{self._path} cannot be written: {error.strerror}.") from error

    async def close(self) -> None:
        """Bring everything to the disk."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
