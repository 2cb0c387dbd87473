"""One message of a link as its sender keeps it, and the record that it is on disk: checked, and readable on its own."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import xxhash

from slac.runtime.links.protocol import Part

_HEAD: Final = struct.Struct("<IIQ8s")
"""Bytes of the part's fields, bytes of rows, number, and a checksum of all that."""
HEAD: Final = _HEAD.size
_FIELDS: Final = 65_536
"""No part has more bytes of fields than that: what says so is no record."""


@dataclass(frozen=True, slots=True)
class Held:
    """One message, encoded once."""

    data: Part
    body: bytes

    def is_wanted(self, mark: int) -> bool:
        """Whether a receiver that has accepted `mark` of its stream does not have it yet."""
        return self.data.watermark > mark or self.data.ended

    @property
    def is_bare(self) -> bool:
        """Whether it says nothing but a watermark, so that whatever follows in its stream says it as well."""
        return not self.body and not self.data.ended and self.data.gates is None


class BadRecord(Exception):
    """What lies there is no whole record; `needs`: bytes that it would have from its beginning, where that is known."""

    def __init__(self, needs: int | None) -> None:
        super().__init__(f"no whole record; it needs {needs} bytes")
        self.needs = needs


def to_fields(held: Held) -> tuple[Any, ...]:
    """What is kept of a part beside its rows."""
    data = held.data
    return data.stream, data.watermark, data.ended, data.real, data.certain, data.gates


def from_fields(fields: tuple[Any, ...] | list[Any], body: bytes) -> Held:
    """The reverse of `to_fields`."""
    # A version before this one told nothing of gates.
    stream, watermark, ended, real, certain, gates = (*fields, None)[:6]
    part = Part(
        stream=stream, watermark=watermark, ended=ended, real=real, size=len(body), certain=certain, gates=gates
    )
    return Held(part, body)


def to_record(number: int, held: Held) -> list[bytes]:
    """The parts of a record, to be written one behind the other."""
    fields = msgspec.msgpack.encode(to_fields(held))
    return [_HEAD.pack(len(fields), len(held.body), number, _digest(number, fields, held.body)), fields, held.body]


def read_record(data: memoryview) -> tuple[int, Held, int]:
    """Number, message and bytes of the record at the beginning of `data`; BadRecord where there is none."""
    if len(data) < HEAD:
        raise BadRecord(HEAD)
    fields_size, body_size, number, digest = _HEAD.unpack_from(data)
    end = HEAD + fields_size + body_size
    if not 0 < fields_size <= _FIELDS:
        raise BadRecord(None)
    if len(data) < end:
        raise BadRecord(end)
    fields, body = bytes(data[HEAD : HEAD + fields_size]), bytes(data[HEAD + fields_size : end])
    if digest != _digest(number, fields, body):
        raise BadRecord(None)
    return number, from_fields(msgspec.msgpack.decode(fields), body), end


def _digest(number: int, fields: bytes, body: bytes) -> bytes:
    digest = xxhash.xxh3_64(fields, seed=number)
    digest.update(body)
    return digest.digest()
