"""Between an input adapter and the core: a bounded queue that presses back or refuses, and merges small records."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Final

from slac.runtime.shell.journals import InputJournal
from slac.runtime.shell.journals import count_of as _count
from slac.runtime.source import Source
from slac.shedding.pacer import Pacer
from slac.stream.clock import SECOND, Clock
from slac.stream.ports import Position, Records

MIN_LIMIT: Final = 8 * 1024 * 1024
"""Bytes that an input may queue even on the smallest budget: two of the largest blocks that adapters hand over."""


_UNKNOWN: Final = 1 << 62


class InputQueue:
    """The sink of one input. What can wait waits; what cannot is refused when `limit` bytes are queued.

    With a journal records are in it before they are queued, and before `push` says that they were taken.
    """

    def __init__(self, source: Source, *, can_wait: bool, clock: Clock, wake: asyncio.Event, limit: int) -> None:
        self.source = source
        self.can_wait = can_wait
        self.pacer = Pacer()
        self.bytes = 0
        self.closed = False
        self._clock = clock
        self._wake = wake
        self._limit = max(limit, MIN_LIMIT)
        self._queue: deque[Records] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._stopped = False
        self._held = False
        self._taken = 0
        self.journal: InputJournal | None = None
        self._in_journal = 0

    def keep_in(self, journal: InputJournal) -> None:
        """Write all records to `journal` from now on; `replay` must come before the first `push`."""
        self.journal = journal
        self.source.awaited = _UNKNOWN

    @property
    def waiting(self) -> float:
        """Records queued, estimated from the mean size of those taken so far; 0 before the first."""
        seen = self.source.gate.counts.seen
        return self.bytes * seen / self._taken if self._taken else 0.0

    @property
    def trouble(self) -> str:
        """Why the journal takes nothing; empty where it does."""
        return self.journal.trouble if self.journal is not None else ""

    async def push(self, records: Records) -> bool:
        """Take records over, or refuse them (False); waits where the input can."""
        if self._stopped:
            return False
        held = self.bytes + self._in_journal
        full = bool(held) and held + records.size > self._limit
        if (full or self._held) and not self.can_wait:
            self.source.gate.refuse(_count(records))
            return False
        if not await self._has_room(records.size):
            return False
        if self.journal is not None and not await self._keep(self.journal, records):
            self.source.gate.refuse(_count(records))
            return False
        if self.journal is None:
            self._enqueue(records)
        if self.can_wait:
            await self._pace(records)
        return True

    async def replay(self) -> None:
        """Queue first what the last run had taken and no checkpoint holds."""
        if self.journal is None:
            return
        following = {name: origin.next for name, origin in self.source.origins.items()}
        for records in self.journal.replay(self.source.journalled, following):
            if not await self._has_room(records.size):
                return
            self._enqueue(records)
            await asyncio.sleep(0)
        self.source.awaited = self.journal.last

    def waiting_records(self) -> tuple[Records, ...]:
        """What is queued, for a queue that takes the place of this one."""
        return tuple(self._queue)

    def go_on_with(self, records: Iterable[Records]) -> None:
        """Queue first what another queue has not given out."""
        for each in records:
            self._enqueue(each)

    def resume(self, source: str) -> Position | None:
        """How far `source` had been read at the last checkpoint."""
        return self.source.resume(source)

    def take(self, limit: int) -> list[Records]:
        """The oldest records up to about `limit` bytes, small ones of one source merged."""
        taken: list[Records] = []
        size = 0
        while self._queue and (not taken or size + self._queue[0].size <= limit):
            records = self._queue.popleft()
            size += records.size
            taken.append(records)
        self.bytes -= size
        self._taken += size
        if not self._held:
            self._room.set()
        return _merged(taken)

    def hold(self, *, held: bool) -> None:
        """Press back because something downstream is full."""
        self._held = held
        if not held:
            self._room.set()

    def stop(self) -> None:
        """Take nothing more; what is queued is still worked off."""
        self._stopped = True
        self._held = False
        self._room.set()

    async def _keep(self, journal: InputJournal, records: Records) -> bool:
        self._in_journal += records.size
        try:
            return await journal.take(records, self._enqueue)
        finally:
            self._in_journal -= records.size

    def _enqueue(self, records: Records) -> None:
        self._queue.append(records)
        self.bytes += records.size
        self._wake.set()

    async def _has_room(self, size: int) -> bool:
        """Wait for it; False when the queue was stopped meanwhile: what comes now may not be worked off any more."""
        while (self._held or self.bytes + size > self._limit) and (self._queue or self._held):
            self._room.clear()
            await self._room.wait()
            if self._stopped:
                return False
        return True

    async def _pace(self, records: Records) -> None:
        if self.pacer.rate is None:
            return
        pause = self.pacer.took(_count(records), self._clock.now())
        while pause > 0 and not self._stopped:
            await asyncio.sleep(pause / SECOND)
            pause = self.pacer.pause(self._clock.now())


def _latest(some: list[Records]) -> Position | None:
    """The position of the last that has one: behind it may be some that are in memory only."""
    return next((r.position for r in reversed(some) if r.position is not None), None)


def _merged(taken: list[Records]) -> list[Records]:
    """Neighbours of one source and form become one, so that one call decodes them."""
    merged: list[Records] = []
    for (_, raw, _), group in groupby(taken, key=lambda r: (r.source, r.ndjson is not None, r.first)):
        some = list(group)
        if not raw or len(some) == 1:
            merged += some
            continue
        text = b"".join(b if (b := r.ndjson or b"").endswith(b"\n") else b + b"\n" for r in some)
        last, first = some[-1], some[0]
        merged.append(replace(first, arrival=last.arrival, ndjson=text, position=_latest(some)))
    return merged
