"""The journal of one input: records in order of arrival, in checked entries of segment files, forgotten when safe.

Sans I/O but for its segments. Segments are numbered by the number of their first record, so that what a torn or
abandoned one holds from the number of the next on does not count.
"""

from __future__ import annotations

import contextlib
import io
import logging
import struct
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import polars as pl
import xxhash

from slac.runtime.durable.segments import Segments
from slac.stream.arrow_body import ArrowBody
from slac.stream.ports import Position, Records

JOURNAL: Final = "journal"
"""In a position: the number of a record in the journal of its input."""
SEGMENT: Final = 16 * 1024 * 1024
"""Bytes from which on a segment is followed by the next."""
_HEAD: Final = struct.Struct("<IQ")
"""Length and checksum of an entry."""

log = logging.getLogger("slac.journal")


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """One `Records` as it is kept; `first`: the sequence number of the first of them in their source."""

    number: int
    source: str
    arrival: int
    origin: str
    ndjson: bytes | None
    frame: bytes | None
    first: int = 0
    arrow: ArrowBody | None = None


class Journal:
    """Records are numbered from 1 on; `limit`: bytes on disk from which on nothing is taken.

    `replay` must have come to its end before the first `append`. Unless it is `durable`, nothing waits for the disk,
    and a crash of the machine may take what was appended.
    """

    def __init__(self, segments: Segments, limit: int, *, durable: bool = True) -> None:
        self._segments = segments
        self._limit = limit
        self._durable = durable
        self._sizes: dict[int, int] = {}
        self._current: int | None = None
        self._last = 0
        self._torn = False
        self._reached = (0, 0, 0)
        """The segment, the number and the place of what follows the record that `behind` gave last."""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(self._sizes.values())

    @property
    def last(self) -> int:
        """The number of the last record that was taken."""
        return self._last

    def replay(self, after: int) -> Iterator[Records]:
        """The records behind number `after`, in order, each with its number as its position.

        Damage is logged: what follows it in its segment is missing. OSError passes through.
        """
        self._last = after
        firsts = self._segments.numbers()
        self._sizes = {n: self._segments.size(n) for n in firsts}
        for first, following in zip(firsts, [*firsts[1:], None], strict=False):
            for entry in self._entries(first, following) if following is None or following > after + 1 else ():
                if entry.number > after:
                    self._last = entry.number
                    yield _to_records(entry)

    def behind(self, after: int) -> Iterator[Records]:
        """The records behind number `after` that were appended by now, in order; nothing is changed by looking."""
        firsts = sorted(self._sizes)
        for first, following in zip(firsts, [*firsts[1:], None], strict=False):
            if following is None or following > after + 1:
                begin = self._reached[1:] if self._reached[:2] == (first, after + 1) else (first, 0)
                for entry in self._entries(first, following, *begin):
                    if entry.number > after:
                        yield _to_records(entry)

    def append(self, records: Sequence[Records]) -> int:
        """Make records durable, each with its `first`; how many, from the first on, there was room for.

        OSError when the disk refuses: then none is taken, now or after a crash.
        """
        entries = [_to_entry(self._last + 1 + i, r) for i, r in enumerate(records)]
        room, taken = self._limit - self.size, 0
        while taken < len(entries) and len(entries[taken]) <= room:
            room -= len(entries[taken])
            taken += 1
        if taken:
            self._write(entries[:taken])
            self._last += taken
        return taken

    def forget(self, upto: int) -> None:
        """Records up to this number are never asked for again. What is being written to is begun anew."""
        if self._torn:
            return
        self._current = None
        bounds = sorted(self._sizes)
        for first, following in zip(bounds, [*bounds[1:], self._last + 1], strict=False):
            if following <= upto + 1:
                self._segments.remove(first)
                del self._sizes[first]

    def _write(self, entries: list[bytes]) -> None:
        if self._torn:
            self._mend()
        if self._current is None or self._sizes[self._current] >= SEGMENT:
            self._begin(self._last + 1)
        current = self._current or 0
        at = self._sizes[current]
        self._torn = True  # until all of it is on the disk
        try:
            self._segments.append(current, at, entries)
            if self._durable:
                self._segments.sync([current])
        except OSError:
            with contextlib.suppress(OSError):
                self._mend()
            raise
        self._torn = False
        self._sizes[current] = at + sum(map(len, entries))

    def _begin(self, first: int) -> None:
        self._segments.remove(first)  # a torn one, of which no record was whole
        self._current = first
        self._sizes[first] = 0

    def _mend(self) -> None:
        """Take back what was not acknowledged; until that has worked, nothing is taken."""
        current = self._current
        if current is not None and self._sizes[current]:
            self._segments.cut(current, self._sizes[current])
        elif current is not None:
            self._segments.remove(current)
            del self._sizes[current]
            self._current = None
        self._torn = False

    def _entries(self, first: int, following: int | None, expected: int | None = None, at: int = 0) -> Iterator[_Entry]:
        """Those of a segment, from the one `expected` at a place on; the first of all, where none is."""
        size, expected = self._sizes[first], first if expected is None else expected
        while at < size and (following is None or expected < following):
            entry, length = self._read(first, at)
            if entry is None or entry.number != expected:
                level = logging.INFO if following is None else logging.WARNING
                log.log(level, "segment %d of a journal is torn before record %d", first, expected)
                return
            at, expected = at + length, expected + 1
            self._reached = (first, expected, at)
            yield entry

    def _read(self, segment: int, at: int) -> tuple[_Entry | None, int]:
        head = self._segments.read(segment, at, _HEAD.size)
        if len(head) < _HEAD.size:
            return None, 0
        length, checksum = _HEAD.unpack(head)
        body = self._segments.read(segment, at + _HEAD.size, length)
        if len(body) < length or xxhash.xxh3_64_intdigest(body) != checksum:
            return None, 0
        try:
            return msgspec.msgpack.decode(body, type=_Entry), _HEAD.size + length
        except msgspec.DecodeError:
            return None, 0


def _to_entry(number: int, records: Records) -> bytes:
    frame = None
    if records.frame is not None:
        buffer = io.BytesIO()
        records.frame.clone().write_ipc(buffer, compression="lz4")  # as in `slac.runtime.links.bodies.to_body`
        frame = buffer.getvalue()
    first, given = records.first or 0, (records.ndjson, frame)
    entry = _Entry(number, records.source, records.arrival, records.origin, *given, first, records.arrow)
    body = msgspec.msgpack.encode(entry)
    return _HEAD.pack(len(body), xxhash.xxh3_64_intdigest(body)) + body


def _to_records(entry: _Entry) -> Records:
    return Records(
        source=entry.source,
        arrival=entry.arrival,
        ndjson=entry.ndjson,
        frame=None if entry.frame is None else pl.read_ipc(io.BytesIO(entry.frame)),
        arrow=entry.arrow,
        origin=entry.origin,
        position=position(entry.number),
        first=entry.first or None,
    )


def position(number: int) -> Position:
    """How far an input is, whose record of this number has come in."""
    return {JOURNAL: number}
