"""One Arrow IPC stream out of frames that come one after the other: what any Arrow reader reads, also while it grows.

Polars writes whole streams only. A stream is a message with the schema, messages with rows, and an end; of all frames
but the first, only the messages with rows are taken.
"""

from __future__ import annotations

import io
from typing import BinaryIO, Final

import polars as pl

from slac.stream.batch import REVISION, UNDECIDED

END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_SOMETIMES: Final = {REVISION: pl.Int64(), UNDECIDED: pl.Boolean()}
"""Meta columns that rows carry only where they are needed: a stream has them from its beginning."""


class ArrowStream:
    """Writes frames to `file`; the first says which columns there are, later ones have NULL for what they lack."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._schema: dict[str, pl.DataType] | None = None

    def write(self, frame: pl.DataFrame) -> None:
        """Rows, at once."""
        is_first = self._schema is None
        if self._schema is None:
            self._schema = {**frame.schema, **{n: t for n, t in _SOMETIMES.items() if n not in frame.columns}}
        columns = [_column(frame, name, dtype) for name, dtype in self._schema.items()]
        written = io.BytesIO()
        pl.DataFrame(columns).write_ipc_stream(written)
        message = written.getvalue().removesuffix(END)
        # Four bytes that say "a message", four with its length, the message: the first is the schema.
        self._file.write(message if is_first else message[8 + int.from_bytes(message[4:8], "little") :])
        self._file.flush()

    def close(self) -> None:
        """Say that nothing follows."""
        if self._schema is not None:
            self._file.write(END)
            self._file.flush()


def _column(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Series:
    if name in frame.columns:
        return frame[name].cast(dtype)
    return pl.Series(name, [None], dtype).new_from_index(0, frame.height)
