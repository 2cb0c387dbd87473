"""What an Arrow IPC stream says of itself in the heads of its messages: rows and sizes, without decoding any column.

The heads are FlatBuffers (format/Message.fbs and format/File.fbs of Apache Arrow); the few fields that matter are read
here, for Polars offers rows only as a whole. What the heads claim is believed only as far as the bytes reach.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MESSAGE: Final = struct.Struct("<Ii")
_CONTINUES: Final = 0xFFFFFFFF
_FILE: Final = b"ARROW1"
SCHEMA, DICTIONARY, ROWS = 1, 2, 3
"""Kinds of messages."""
_HEADER_TYPE, _HEADER, _BODY_LENGTH = 1, 2, 3
_LENGTH, _NODES, _BUFFERS, _COMPRESSION, _VARIADIC = 0, 1, 2, 3, 4
"""Fields of a message, and of a batch, by their places in the table."""
_DATA: Final = 1
"""Field of a dictionary: the batch with its values."""
_PREFIX: Final = struct.Struct("<q")
_PAIR: Final = struct.Struct("<qq")
"""A node (values, NULLs), or a buffer (begin, length)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its kind, all of its bytes, the rows it claims, and the bytes that its columns take decompressed.

    `longest`: values of its longest column, those of lists' elements among them.
    """

    kind: int
    data: bytes
    rows: int = 0
    unpacked: int = 0
    longest: int = 0


def messages(stream: bytes) -> Iterator[Message]:
    """The messages of a stream, up to its end. ValueError with a sentence where the bytes are none."""
    if stream.startswith(_FILE):
        raise ValueError("it is an Arrow file, not a stream")
    at = 0
    while at < len(stream):
        if len(stream) - at < _MESSAGE.size:
            raise ValueError("it ends within the head of a message")
        continues, length = _MESSAGE.unpack_from(stream, at)
        if continues != _CONTINUES:
            raise ValueError("no message begins where one should")
        if length == 0:
            return
        begin = at + _MESSAGE.size
        if not 0 < length <= len(stream) - begin:
            raise ValueError("the head of a message is longer than what came")
        message = _message(stream, at, begin, begin + length)
        at += len(message.data)
        yield message


def _message(stream: bytes, start: int, begin: int, end: int) -> Message:
    head = stream[begin:end]
    try:
        (table,) = struct.unpack_from("<I", head)
        kind = _scalar(head, table, _HEADER_TYPE, "<B")
        length = _scalar(head, table, _BODY_LENGTH, "<q")
        if not 0 <= length <= len(stream) - end:
            raise ValueError("the columns of a message are longer than what came")
        header = _table(head, table, _HEADER)
        rows = unpacked = longest = 0
        if kind in (ROWS, DICTIONARY) and header is not None:
            batch = header if kind == ROWS else _table(head, header, _DATA)
            if batch is not None:
                rows = _scalar(head, batch, _LENGTH, "<q")
                unpacked = _unpacked(head, batch, stream, end, length)
                longest = max((values for values, _ in _numbers(head, batch, _NODES, _PAIR)), default=0)
    except struct.error:
        raise ValueError("the head of a message is no FlatBuffer") from None
    if rows < 0:
        raise ValueError(f"a batch claims {rows} rows")
    return Message(kind, stream[start : end + length], rows, unpacked, max(rows, longest))


def _unpacked(head: bytes, batch: int, stream: bytes, body: int, length: int) -> int:
    """Bytes of all columns: of compressed ones each tells it in its first eight bytes.

    Checked as far as that a reader who believes it takes no memory for what is not there.
    """
    is_packed, total = _table(head, batch, _COMPRESSION) is not None, 0
    buffers = list(_numbers(head, batch, _BUFFERS, _PAIR))
    for offset, size in buffers:
        if min(offset, size) < 0 or offset + size > length:
            raise ValueError("a column lies outside of its message")
        if not is_packed or not size:
            total += size
        elif size < _PREFIX.size:
            raise ValueError("a compressed column is cut off")
        else:
            (claimed,) = _PREFIX.unpack_from(stream, body + offset)
            # -1: left as it was, for compressing it would have made it longer.
            total += size if claimed < 0 else claimed
    if any(not 0 <= count <= len(buffers) for (count,) in _numbers(head, batch, _VARIADIC, _PREFIX)):
        raise ValueError("a column claims more parts than there are")
    return total


def _numbers(head: bytes, batch: int, field: int, form: struct.Struct) -> Iterator[tuple[int, ...]]:
    vector = _table(head, batch, field)
    if vector is None:
        return iter(())
    (count,) = struct.unpack_from("<I", head, vector)
    end = vector + 4 + count * form.size
    if end > len(head):
        raise ValueError("a batch claims more columns than its head has room for")
    return form.iter_unpack(head[vector + 4 : end])


def _field(head: bytes, table: int, field: int) -> int:
    """Where a field of a table stands; 0 where it is left out."""
    (back,) = struct.unpack_from("<i", head, table)
    vtable = table - back
    if not 0 <= vtable < len(head):
        raise struct.error
    (size,) = struct.unpack_from("<H", head, vtable)
    at = 4 + 2 * field
    (offset,) = struct.unpack_from("<H", head, vtable + at) if at + 2 <= size else (0,)
    return table + int(offset) if offset else 0


def _scalar(head: bytes, table: int, field: int, form: str) -> int:
    at = _field(head, table, field)
    return int(struct.unpack_from(form, head, at)[0]) if at else 0


def _table(head: bytes, table: int, field: int) -> int | None:
    """Where the table or vector that a field refers to begins."""
    at = _field(head, table, field)
    return at + int(struct.unpack_from("<I", head, at)[0]) if at else None
