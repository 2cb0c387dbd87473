"""Writes the log of one run: segments of a bounded size, the oldest of which make room for the newest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from slac import __version__
from slac.diagnostics import RunFailed
from slac.evidence.log.header import BadSegment, Header, packed, read_header, write_header
from slac.evidence.log.layout import LOCK, segment_numbers, segment_path
from slac.evidence.log.segment import Content, OpenSegment
from slac.plan.graph import Plan
from slac.runtime.durable.lock import FileLock

SEGMENTS: Final = 8
"""A log of full size has about so many segments."""
SPACING: Final = 32
"""A run's entries are numbered from (number of its first segment) · 2**SPACING on: above all of the run before."""


class RunHead(msgspec.Struct, frozen=True, kw_only=True):
    """What the segments of one run have in common; see `Header`."""

    node: str
    instance: str
    mode: str
    live: bool
    start: int | None
    restored: int = 0
    whole: bool = True


class LogWriter:
    """The log in `place`, for as long as a run lasts. Used by one thread at a time.

    `max_size`: bytes of all segments together; for the time of one segment there may be so much more. Raises RunFailed
    where another run logs here, OSError where the disk refuses.
    """

    def __init__(self, place: Path, plan: Plan, head: RunHead, *, max_size: int, now: int) -> None:
        self.place = place
        self.head = head
        self._plan = plan
        self._packed = packed(plan)
        self._fields = {node.id: node.schema.names for node in plan.nodes}
        self._max_size = max_size
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.reduce: Callable[[int], int] | None = None
        """Leaves of a segment, by its number, only what must stay; returns its bytes then, 0 for none."""
        self._lock = FileLock(place / LOCK)
        if not self._lock.take():
            raise RunFailed(f"another run logs to {place}")
        self._number = self._run = max(segment_numbers(place), default=0) + 1
        self.next_seq = self._run << SPACING
        self._open: OpenSegment | None = None
        self._sizes = {number: _size(segment_path(place, number)) for number in segment_numbers(place)}
        self._reduced = {number for number in self._sizes if _is_reduced(segment_path(place, number))}
        self.wants_state = False
        """Whether a segment has begun since `write` brought a state last."""
        self._begin(self.next_seq, now)

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(self._sizes.values()) + (self._open.size if self._open is not None else 0)

    def write(self, content: Content, now: int) -> None:
        """What has happened since the last write. OSError where the disk refuses: nothing of it counts then."""
        if not content:
            return
        if self._open is None:
            first = content.entries[0].seq if content.entries else self.next_seq
            self._begin(first, now)
            self.wants_state = True
        assert self._open is not None
        self._open.write(content)
        if content.states:
            self.wants_state = False
        if content.entries:
            self.next_seq = content.entries[-1].seq + 1
        if self._open.size >= max(self._max_size // SEGMENTS, 1):
            self._close_segment()
        self._make_room()

    def close(self) -> None:
        """Close the segment, and let others write here."""
        try:
            self._close_segment()
        finally:
            self._lock.release()

    def _begin(self, first: int, now: int) -> None:
        path = segment_path(self.place, self._number)
        header = Header(
            slac=__version__,
            document=self._plan.document,
            digest=self._plan.data.digest,
            meaning=self._plan.meaning,
            number=self._number,
            run=self._run,
            first=first,
            opened=now,
            **msgspec.structs.asdict(self.head),
        )
        size = write_header(path, header, self._packed)
        self._open = OpenSegment(path, self._fields, size)

    def _close_segment(self) -> None:
        if self._open is None:
            return
        done, self._open = self._open, None
        try:
            done.close()
        finally:
            self._sizes[self._number] = done.size
            self._number += 1

    def _make_room(self) -> None:
        """Noise goes first, in the oldest segments; then these segments, but never the one that is written."""
        while self.size > self._max_size and self._sizes:
            whole = sorted(self._sizes.keys() - self._reduced)
            kept = sum(self._sizes[number] for number in self._reduced)
            if self.reduce is not None and whole and kept <= self._max_size // 2:
                if size := self.reduce(whole[0]):
                    self._sizes[whole[0]] = size
                    self._reduced.add(whole[0])
                else:
                    self._remove(whole[0])
            else:
                self._remove(min(self._sizes))

    def _remove(self, number: int) -> None:
        shutil.rmtree(segment_path(self.place, number), ignore_errors=True)
        del self._sizes[number]
        self._reduced.discard(number)


def _is_reduced(segment: Path) -> bool:
    """Whether only evidence is in it; one that cannot be read is not worth a look."""
    try:
        return read_header(segment).mode != "full"
    except BadSegment:
        return True


def _size(segment: Path) -> int:
    return sum(path.stat().st_size for path in segment.rglob("*") if path.is_file())
