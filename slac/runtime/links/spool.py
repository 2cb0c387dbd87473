"""The bounded buffer behind the memory of a link: an append-only log in segments, read in order, deleted when safe."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from slac.runtime.durable.segments import Segments
from slac.runtime.links.held import BadRecord, Held, read_record, to_record
from slac.runtime.operator import BEGINNING

SEGMENT: Final = 16 * 1024 * 1024
"""Bytes from which on a segment is followed by the next …"""
PARTS: Final = 8
"""… or sooner, so that a small buffer has about so many: room comes back by whole segments."""
READ: Final = 1024 * 1024
"""Bytes that are read at a time."""

log = logging.getLogger("slac.link")


@dataclass(slots=True)
class Segment:
    """One file: how much of it is whole, and the highest watermark that it has of each stream."""

    number: int
    size: int = 0
    count: int = 0
    last: int = -1
    ends: bool = False
    marks: dict[str, int] = field(default_factory=dict)

    def note(self, number: int, held: Held, size: int) -> None:
        """A record behind all others."""
        self.size += size
        self.count += 1
        self.last = number
        self.ends |= held.data.ended
        stream, mark = held.data.stream, held.data.watermark
        self.marks[stream] = max(mark, self.marks.get(stream, mark))

    def is_within(self, marks: Mapping[str, int]) -> bool:
        """Whether it holds no row above these watermarks."""
        return all(marks.get(stream, BEGINNING) >= mark for stream, mark in self.marks.items())


class Spool:
    """Messages in the order of their numbers, each a checked record, in at most `limit` bytes.

    `read` gives those that a receiver is still to be sent; what it has seen stays until `release` finds its segment
    safe. `refusing` says why there is no room; `refusals` counts how often that began, `lost` the messages that could
    not be read back.
    """

    def __init__(self, segments: Segments, limit: int) -> None:
        self.limit = limit
        self.lost = self.refusals = 0
        self.refusing = ""
        self._store = segments
        self._rotate = max(min(SEGMENT, limit // PARTS), 1)
        self._segments: list[Segment] = []
        self._next = self._following = 0
        self._dirty: set[int] = set()
        self._at = self._offset = self._read = 0
        self._is_trying = True

    @property
    def bytes(self) -> int:
        """What is on disk."""
        return sum(s.size for s in self._segments)

    @property
    def messages(self) -> int:
        """Records on disk: not all of them need be unacknowledged, as room comes back by segments."""
        return sum(s.count for s in self._segments)

    @property
    def end(self) -> int:
        """The number behind the last record that was ever appended."""
        return self._next

    @property
    def is_read(self) -> bool:
        """Whether nothing is left to be sent."""
        last = len(self._segments) - 1
        return self._at > last or (self._at == last and self._offset >= self._segments[last].size)

    def marks(self) -> dict[str, int]:
        """The highest watermark of each stream."""
        marks: dict[str, int] = {}
        for segment in self._segments:
            for stream, mark in segment.marks.items():
                marks[stream] = max(mark, marks.get(stream, mark))
        return marks

    def open(self, end: int) -> None:
        """Find what a former process has left, up to record `end`: what comes behind it will be said again."""
        self._segments, self._next = [], end
        last = -1
        for number in self._store.numbers():
            self._following = number + 1
            try:
                segment = self._scan(number, last, end)
            except OSError as error:
                log.error("segment %d of a link's buffer cannot be read: %s", number, error.strerror)  # noqa: TRY400
                continue
            if segment.count:
                self._segments.append(segment)
                last = segment.last
            else:
                self._remove(number)
        self.rewind()

    def append(self, number: int, held: Held, *, sent: bool) -> bool:
        """Add a message behind all others, which has been `sent` only if they have; False where there is no room."""
        if not self._is_trying:
            return False
        record = to_record(number, held)
        size = sum(map(len, record))
        if self.bytes + size > self.limit:
            return self._refuse(f"its {self.limit:,} bytes are full")
        segment = self._tail()
        try:
            self._store.append(segment.number, segment.size, record)
        except OSError as error:
            if not segment.count:
                self._remove(self._segments.pop().number)
            return self._refuse(str(error.strerror or error))
        self._took(segment, number, held, size)
        if sent:
            self._at, self._offset, self._read = len(self._segments) - 1, segment.size, segment.count
        return True

    def retry(self) -> None:
        """There may be room again: the next message is tried."""
        self._is_trying = True

    def rewind(self) -> None:
        """Begin again with the oldest message."""
        self._at = self._offset = self._read = 0

    def read(self, accepted: Mapping[str, int]) -> list[Held]:
        """The next messages, up to about 1 MiB, that a receiver with these watermarks does not have; [] at the end."""
        while not self.is_read:
            segment = self._segments[self._at]
            if self._offset >= segment.size or (not segment.ends and segment.is_within(accepted)):
                self._turn()
            elif wanted := [h for h in self._take(segment) if h.is_wanted(accepted.get(h.data.stream, BEGINNING))]:
                return wanted
        return []

    def release(self, safe: Mapping[str, int]) -> None:
        """Delete the segments from the front that hold nothing which a receiver may ask for."""
        while self._segments and self._segments[0].is_within(safe):
            self._remove(self._segments.pop(0).number)
            self.retry()
            if self._at:
                self._at -= 1
            else:
                self._offset = self._read = 0

    def sync(self) -> None:
        """Bring all that was appended to the disk; OSError where it refuses. May be called from another thread."""
        dirty, self._dirty = sorted(self._dirty), set()
        try:
            self._store.sync(dirty)
        except OSError:
            self._dirty |= set(dirty)
            raise

    def close(self) -> None:
        """Let go of files; what is there stays."""
        self._store.close()

    def _tail(self) -> Segment:
        if not self._segments or self._segments[-1].size >= self._rotate:
            self._segments.append(Segment(self._following))
            self._following += 1
        return self._segments[-1]

    def _took(self, segment: Segment, number: int, held: Held, size: int) -> None:
        segment.note(number, held, size)
        self._dirty.add(segment.number)
        self._next = number + 1
        if self.refusing:
            log.info("the buffer of a link on disk has room again")
            self.refusing = ""

    def _refuse(self, reason: str) -> bool:
        if not self.refusing:
            self.refusals += 1
            log.warning("the buffer of a link on disk takes no more: %s; what is to be sent waits in memory", reason)
        self.refusing, self._is_trying = reason, False
        return False

    def _take(self, segment: Segment) -> list[Held]:
        """The whole records of the next piece of a segment; where it is damaged, what follows in it is given up."""
        taken: list[Held] = []
        stop = self._offset + READ
        try:
            for _, held, length in _records(self._store, segment.number, self._offset, segment.size):
                taken.append(held)
                self._offset, self._read = self._offset + length, self._read + 1
                if self._offset >= stop:
                    break
        except BadRecord:
            self._give_up(segment, "it is damaged")
        except OSError as error:
            self._give_up(segment, str(error.strerror or error))
        return taken

    def _give_up(self, segment: Segment, reason: str) -> None:
        lost = segment.count - self._read
        self.lost += lost
        name = f"segment {segment.number}"
        log.error("%d messages of a link's buffer are lost: %s cannot be read: %s", lost, name, reason)
        self._turn()

    def _turn(self) -> None:
        self._at, self._offset, self._read = self._at + 1, 0, 0

    def _remove(self, number: int) -> None:
        self._dirty.discard(number)
        try:
            self._store.remove(number)
        except OSError as error:
            log.warning("segment %d of a link's buffer cannot be deleted: %s", number, error.strerror)

    def _scan(self, number: int, after: int, end: int) -> Segment:
        """The whole records of a file between `after` and `end`; what follows them is cut off."""
        segment, size = Segment(number, last=after), self._store.size(number)
        try:
            for at, held, length in _records(self._store, number, 0, size):
                if not segment.last < at < end:
                    break
                segment.note(at, held, length)
        except BadRecord:
            log.info("segment %d of a link's buffer has a torn end", number)
        if segment.size < size:
            self._store.cut(number, segment.size)
        return segment


def _records(store: Segments, number: int, at: int, end: int) -> Iterator[tuple[int, Held, int]]:
    """Number, message and size of each record between two places of a segment; BadRecord where one is not whole."""
    piece = READ
    while at < end:
        began, data = at, memoryview(store.read(number, at, min(piece, end - at)))
        try:
            while data or at == began:
                made = read_record(data)
                data, at = data[made[2] :], at + made[2]
                yield made
        except BadRecord as error:
            if error.needs is None or at + error.needs > end or (at == began and piece >= error.needs):
                raise
            piece = max(READ, error.needs)
