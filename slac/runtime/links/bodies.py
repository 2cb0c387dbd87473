"""Rows of a link message: an Arrow IPC stream, or arrays of narrow columns behind their description."""

from __future__ import annotations

import io
from typing import Final

import msgspec
import polars as pl

from slac.runtime.links.packing import Described, pack
from slac.runtime.links.protocol import BadMessage
from slac.runtime.links.unpacking import Unpacking

_decoder: Final = msgspec.msgpack.Decoder(Described)
_PACKED: Final = b"\0packed\0"
"""Before a description; an Arrow IPC stream begins with 0xFF."""


def to_body(frame: pl.DataFrame | None) -> bytes:
    """Rows as bytes; empty for none."""
    if frame is None or not frame.height:
        return b""
    # Polars locks a frame while it writes it, and needs the interpreter for that; whoever looks at the frame in another
    # thread (the log does) holds the interpreter and waits for the lock: for ever, unless each has a frame of its own.
    own = frame.clone()
    packing = pack(own)
    if packing is None:
        return bytes(_stream(own))
    described = msgspec.msgpack.encode(packing.described)
    left = _stream(pl.DataFrame(packing.left)) if packing.left else b""
    blocks = (block.data for block in packing.blocks)
    return b"".join((_PACKED, len(described).to_bytes(4, "little"), described, *blocks, left))


def from_body(body: bytes | memoryview) -> pl.DataFrame | None:
    """The reverse; BadMessage when the bytes are no such rows."""
    if not body:
        return None
    data = memoryview(body)
    try:
        return _unpacked(data) if bytes(data[: len(_PACKED)]) == _PACKED else pl.read_ipc_stream(io.BytesIO(data))
    except (pl.exceptions.PolarsError, msgspec.DecodeError, OSError, ValueError, OverflowError) as error:
        raise BadMessage(f"the rows of a link message cannot be read: {error}") from error


def _stream(frame: pl.DataFrame) -> memoryview:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compression="lz4")
    return buffer.getbuffer()


def _unpacked(data: memoryview) -> pl.DataFrame:
    start = len(_PACKED) + 4
    end = start + int.from_bytes(data[len(_PACKED) : start], "little")
    reading = Unpacking(_decoder.decode(data[start:end]), data[end:])
    columns = reading.columns()
    left = pl.read_ipc_stream(io.BytesIO(reading.left)).get_columns() if reading.left else []
    if len(left) != sum(column is None for column in columns) or any(len(c) != reading.rows for c in left):
        raise ValueError("what was sent is not what is described")
    plain = iter(left)
    return pl.DataFrame([next(plain) if column is None else column for column in columns])
