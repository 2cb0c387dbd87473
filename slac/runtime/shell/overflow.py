"""Records that were taken, and for which there is no room in memory: on disk, in order, until there is."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from slac.runtime.durable.journal import Journal
from slac.runtime.durable.segments import Segments
from slac.runtime.shell.merging import merged
from slac.stream.ports import Position, Records

HEAD: Final = 256
"""Bytes that a record takes on disk beside what it holds, at most."""

log = logging.getLogger("slac.overflow")


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of a record that lies on disk."""

    position: Position | None
    size: int


class Overflow:
    """The disk beside the queue of input `block`: at most `limit` bytes; what an earlier run left is forgotten.

    `back` is given each record that is read back, in order. A disk that refuses makes `has_room` say no.
    """

    def __init__(self, block: str, segments: Segments, limit: int, back: Callable[[Records], None]) -> None:
        self._block = block
        self._segments = segments
        # No run reads what another has left.
        self._journal = Journal(segments, limit, durable=False)
        self._limit = limit
        self._back = back
        self._incoming: list[Records] = []
        self._places: deque[_Place] = deque()
        self._read = 0
        self._size = 0
        self._disk = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._failed = False

    @property
    def pending(self) -> int:
        """Bytes of records that wait here."""
        return self._size

    @property
    def is_used(self) -> bool:
        """Whether any record waits here: then what comes has to wait behind it."""
        return bool(self._places or self._incoming)

    def begin(self) -> None:
        """Forget what lies there from before. OSError passes through."""
        for number in self._segments.numbers():
            self._segments.remove(number)

    def has_room(self, size: int) -> bool:
        """Whether so many bytes more may wait."""
        waiting = sum(r.size + HEAD for r in self._incoming)
        return not self._failed and self._journal.size + waiting + size + HEAD <= self._limit

    def add(self, records: Records) -> None:
        """Let records wait; `settle` brings them to the disk."""
        self._incoming.append(records)
        self._size += records.size

    async def settle(self) -> None:
        """Write what was added. What the disk does not take stays in memory, and nothing more is taken."""
        async with self._disk:
            waiting = self._incoming
            if not waiting:
                return
            group = merged(waiting)
            taken = await asyncio.to_thread(self._append, group)
            self._places.extend(_Place(r.position, r.size) for r in group[:taken])
            # Records that were merged are longer by the line ends between them.
            self._size += sum(r.size for r in group) - sum(r.size for r in waiting)
            self._incoming = [*group[taken:], *self._incoming[len(waiting) :]]

    def refill(self, room: int) -> None:
        """Read back about `room` bytes, in a task of its own; nothing where one is at it."""
        if self.is_used and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._refill(room), name=f"overflow {self._block}")

    def waiting(self) -> tuple[Records, ...]:
        """All that waits, read at once, while nothing is written or read back."""
        on_disk = zip(self._unread(), self._places, strict=False)
        return (*(replace(r, position=p.position, first=None) for r, p in on_disk), *self._incoming)

    async def close(self) -> None:
        """Finish what is being read, and leave nothing."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._segments.close()

    async def _refill(self, room: int) -> None:
        async with self._disk:
            found = await asyncio.to_thread(self._behind, room)
            for records in found:
                self._read += 1
                place = self._places.popleft()
                self._size -= place.size
                self._back(replace(records, position=place.position, first=None))
            if not self._places:
                # What no disk took comes behind all that one did.
                rest, self._incoming = self._incoming, []
                for records in rest:
                    self._size -= records.size
                    self._back(records)
            await asyncio.to_thread(self._forget)

    def _append(self, group: list[Records]) -> int:
        try:
            taken = self._journal.append(group)
        except OSError as error:
            self._say(str(error.strerror))
            return 0
        self._failed = False
        return taken

    def _behind(self, room: int) -> list[Records]:
        found: list[Records] = []
        size = 0
        for records in self._unread():
            found.append(records)
            size += records.size
            if size >= room:
                break
        return found

    def _unread(self) -> Iterator[Records]:
        return self._journal.behind(self._read) if self._places else iter(())

    def _forget(self) -> None:
        try:
            self._journal.forget(self._read)
        except OSError as error:
            self._say(str(error.strerror))

    def _say(self, why: str) -> None:
        if not self._failed:
            log.warning("input %s cannot let more records wait on disk (%s)", self._block, why)
        self._failed = True
