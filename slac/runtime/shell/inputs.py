"""Between an input adapter and the core: a bounded queue that presses back or refuses, and merges small records."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from slac.adapters.decoding import count_of
from slac.plan.waiting import LINGER
from slac.runtime.durable.segments import Segments
from slac.runtime.shell.journals import InputJournal
from slac.runtime.shell.merging import merged
from slac.runtime.shell.overflow import Overflow
from slac.runtime.shell.patience import Patience
from slac.runtime.shell.waking import Wakes
from slac.runtime.source import Source
from slac.shedding.pacer import Pacer
from slac.shedding.purse import Purse
from slac.stream.clock import SECOND, Clock
from slac.stream.ports import Position, Records

MIN_LIMIT: Final = 8 * 1024 * 1024
"""Bytes that an input may queue even on the smallest budget: two of the largest blocks that adapters hand over."""


_PACED: Final = 0.25
"""Seconds of work that are taken at a time while it is paced."""
_LATE: Final = SECOND // 4
"""By so much (µs) a wave may come late, and take more for it."""
_MANY: Final = 128 * 1024
"""Bytes of records that are not worth to be counted when they are refused."""
_LEAST: Final = 512 * 1024
"""Bytes that may wait however slowly they are worked off: for less a wave would wait. Of what is larger one may."""
_BACK: Final = 8 * 1024 * 1024
"""Bytes that are read back from disk at a time, when less waits in memory: for some tenths of a second."""
_UNKNOWN: Final = 1 << 62
_BEFORE: Final = 0.001
"""Seconds before what was gathered is worked off, in which inputs fetch what has come meanwhile."""


class InputQueue:
    """The sink of one input. What can wait waits; what cannot is refused when `limit` bytes are queued.

    Where it would stand, less may be queued (`bound`).

    With a journal records are in it before they are queued, and before `push` says that they were taken. With an
    overflow (`shed: never`) what has no room waits on disk instead. `taking` paces what is worked off, and `purse` has
    the processor time for it; with `patience` it waits while nobody would notice.
    `presses_back`: a sender that can be made to wait is, before anything of it is refused. `loses`: it does not wait,
    but drops what nobody fetches, and nobody counts.
    """

    def __init__(self, source: Source, *, can_wait: bool, clock: Clock, wake: Wakes, limit: int) -> None:
        self.source = source
        self.can_wait = can_wait
        self.pacer = Pacer()
        self.taking = Pacer(credit=_LATE)
        self.purse: Purse | None = None
        self.patience: Patience | None = None
        self.presses_back = False
        self.loses = False
        self._bytes = 0
        self.closed = False
        self._clock = clock
        self._wake = wake
        self._limit = max(limit, MIN_LIMIT)
        self._depth: float | None = None
        self._queue: deque[Records] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._stopped = False
        self._held = False
        self._taken = self._since = 0
        self.journal: InputJournal | None = None
        self.overflow: Overflow | None = None
        self._in_journal = 0
        self._beyond = 0
        self._waking: asyncio.TimerHandle | None = None
        self._lull: asyncio.Future[None] | None = None
        self._is_last = False
        self.lasts: Callable[[], float] = lambda: 0.0
        """Seconds until what is queued is worked off; 0 where nobody knows."""
        source.has_waiting = lambda: self.bytes > 0

    def keep_in(self, journal: InputJournal) -> None:
        """Write all records to `journal` from now on; `replay` must come before the first `push`."""
        self.journal = journal
        self.source.awaited = _UNKNOWN

    def let_wait_in(self, segments: Segments, limit: int) -> None:
        """Let records for which there is no room wait on disk, `limit` bytes at most."""
        self.overflow = Overflow(self.source.node.block, segments, limit, self._append)

    @property
    def bytes(self) -> int:
        """What waits, in memory and on disk."""
        return self._bytes + (self.overflow.pending if self.overflow is not None else 0)

    @property
    def in_memory(self) -> int:
        """Bytes of what waits in memory."""
        return self._bytes

    @property
    def pressing(self) -> int:
        """Bytes of what waits, but for those whom nobody misses yet."""
        return 0 if self._unmissed(self._clock.now()) else self.bytes

    @property
    def is_full(self) -> bool:
        """Whether somebody waits for room, or would."""
        return not self._room.is_set() or self._bytes >= self._most

    @property
    def is_ready(self) -> bool:
        """Whether anything may be worked off now."""
        return bool(self._queue) and not self._pause(self._clock.now())

    @property
    def room(self) -> float:
        """How many records more may wait in memory; an estimate."""
        seen = self.source.gate.counts.seen
        return max(self._limit - self._bytes, 0) * seen / self._taken if self._taken else 0.0

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
        if not self._has_place(records.size) and not self._waits:
            self.source.gate.refuse(self._about(records))
            return False
        if not await self._has_room(records.size):
            return False
        if self.journal is not None and not await self._keep(self.journal, records):
            self.source.gate.refuse(count_of(records))
            return False
        if self.journal is None:
            self._enqueue(records)
        if self.overflow is not None:
            await self.overflow.settle()
        elif self.can_wait:
            await self._pace(records)
        return True

    async def lull(self) -> bool:
        """Wait until just before what is queued is worked off; False at once where that is not known, or is now.

        What nobody misses yet is fetched as often as if it were gathered like all else.

        Who is in it when the queue is stopped can still push what it finds right then.
        """
        # What goes to the disk first would come too late.
        on_disk = self.journal is not None or (self.overflow is not None and self.overflow.is_used)
        # Who is woken by each message for what nobody misses would pay more than waves of it cost.
        unmissed = min(self._unmissed(self._clock.now()) / SECOND, LINGER)
        pause = max(self.lasts(), unmissed) - _BEFORE
        if self._is_last or on_disk or pause <= 0:
            return False
        loop = asyncio.get_running_loop()
        self._lull = loop.create_future()
        timer = loop.call_later(pause, self._end_lull)
        try:
            await self._lull
        finally:
            timer.cancel()
            self._lull = None
        return True

    def _end_lull(self) -> None:
        if self._lull is not None and not self._lull.done():
            self._lull.set_result(None)

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
        return (*self._queue, *(self.overflow.waiting() if self.overflow is not None else ()))

    def go_on_with(self, records: Iterable[Records]) -> None:
        """Queue first what another queue has not given out."""
        for each in records:
            self._enqueue(each)

    def beyond(self, size: int) -> None:
        """So many bytes may wait in a socket: where what waits is bounded by time, so much less may wait here."""
        self._beyond = size

    def resume(self, source: str) -> Position | None:
        """How far `source` had been read at the last checkpoint."""
        return self.source.resume(source)

    def take(self, limit: int) -> list[Records]:
        """The oldest records up to about `limit` bytes, small ones of one source merged; none while it is paced."""
        now, taken, size = self._clock.now(), list[Records](), 0
        if self._queue and (pause := self._pause(now)):
            self._wake_in(pause)
            return []
        if self.taking.rate:
            limit = min(limit, round(self.taking.rate * _PACED * self._mean_size))
        if self.purse is not None and not self._is_last and (most := self.purse.most(now)) is not None:
            limit = min(limit, most)
        while self._queue and (not taken or size + self._queue[0].size <= limit):
            records = self._queue.popleft()
            size += records.size
            taken.append(records)
        self._bytes -= size
        self._taken += size
        if self.purse is not None:
            self.purse.took(size)
        if self.taking.rate and taken:
            self.taking.took(sum(map(self._about, taken)), now)
        if self.overflow is not None and self._bytes < (least := min(self._limit // 2, _BACK)):
            self.overflow.refill(least)
        if not self._held:
            self._room.set()
        return merged(taken)

    def hold(self, *, held: bool) -> None:
        """Press back because something downstream is full."""
        self._held = held
        if not held:
            self._room.set()

    def bound(self, records: float | None) -> None:
        """Let at most about so many records wait in memory from now on; None: as many as `limit` lets."""
        is_more = self._depth is not None and (records is None or records > self._depth)
        self._depth = records
        if is_more and not self._held:
            self._room.set()

    def stop(self) -> None:
        """Take nothing more; what is queued is still worked off, and what an input was about to fetch."""
        self._held, self._is_last = False, True
        if self._lull is None or self._lull.done():
            self._refuse_all()
        else:
            # Behind the one who waits for it: it has its turn first.
            self._lull.add_done_callback(lambda _: self._refuse_all())
            self._end_lull()

    def _refuse_all(self) -> None:
        self._stopped = True
        self.taking.set_rate(None, self._clock.now())
        self._room.set()

    async def _keep(self, journal: InputJournal, records: Records) -> bool:
        self._in_journal += records.size
        try:
            return await journal.take(records, self._enqueue)
        finally:
            self._in_journal -= records.size

    def _enqueue(self, records: Records) -> None:
        full = bool(self._queue) and self._bytes + records.size > self._limit
        if self.overflow is not None and (self.overflow.is_used or self._held or full):
            self.overflow.add(records)
            self._wake.set()
        else:
            self._append(records)

    def _append(self, records: Records) -> None:
        now = self._clock.now()
        self._since = self._since if self._queue else now
        self._queue.append(records)
        self._bytes += records.size
        if pause := self._unmissed(now):
            self._wake_in(pause)
        else:
            self._wake.set()

    @property
    def _mean_size(self) -> float:
        seen = self.source.gate.counts.seen
        return self._taken / seen if seen else 1.0

    def _about(self, records: Records) -> int:
        """How many records these are: of many lines an estimate, for what is refused, or paced, should cost nothing."""
        if records.ndjson is None or records.size < _MANY or not self._taken:
            return count_of(records)
        return round(records.size / self._mean_size)

    def _pause(self, now: int) -> int:
        """For how long (µs) what is queued must wait: for its pace, and, but at the end, for processor time; or may."""
        pause = self.taking.pause(now)
        if self._is_last:
            return pause
        return max(pause, self.purse.pause(now) if self.purse is not None else 0, self._unmissed(now))

    def _unmissed(self, now: int) -> int:
        """For how long (µs) nobody misses what is queued."""
        if self.patience is None or self._is_last or not self._queue:
            return 0
        if self.journal is not None or (self.overflow is not None and self.overflow.is_used):
            return 0
        return self.patience.left(now, since=self._since, size=self._bytes)

    def _wake_in(self, pause: int) -> None:
        """The loop looks again when the pace lets more through."""
        if self._waking is None or self._waking.cancelled() or self._waking.when() <= asyncio.get_running_loop().time():
            self._waking = asyncio.get_running_loop().call_later(pause / SECOND, self._wake.set)

    @property
    def _most(self) -> float:
        """Bytes that may wait."""
        # On disk nothing is late that would not be refused else.
        if self._depth is None or self.overflow is not None:
            return self._limit
        return min(max(self._depth * self._mean_size - self._beyond, _LEAST), self._limit)

    @property
    def _waits(self) -> bool:
        """Whether whoever reads, or sends, can be made to wait."""
        return self.presses_back or (self.can_wait and self.overflow is None)

    def _has_place(self, size: int) -> bool:
        """Whether so many bytes more may be taken now."""
        if self.overflow is not None and self.overflow.has_room(size):
            return True
        held = self._bytes + self._in_journal
        behind = self.overflow is not None and self.overflow.is_used
        return not (self._held or behind or (held and held + size > self._most))

    async def _has_room(self, size: int) -> bool:
        """Wait for it; False when the queue was stopped meanwhile: what comes now may not be worked off any more."""
        while not self._has_place(size) and (self.bytes or self._held):
            self.source.unheard += self.loses
            self.source.pressed += self.presses_back and not self.loses
            self._room.clear()
            await self._room.wait()
            if self._stopped:
                return False
        return True

    async def _pace(self, records: Records) -> None:
        if self.pacer.rate is None:
            return
        pause = self.pacer.took(count_of(records), self._clock.now())
        while pause > 0 and not self._stopped:
            await asyncio.sleep(pause / SECOND)
            pause = self.pacer.pause(self._clock.now())
