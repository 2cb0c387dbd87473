"""What must not be dropped waits on disk, in order and bounded, and comes back when there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from slac.adapters.decoding import find_lines
from slac.runtime.durable.journal import Journal
from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.journals import InputJournal
from slac.runtime.shell.overflow import Overflow
from slac.stream.clock import SECOND, ManualClock
from slac.stream.ports import Records
from tests.runtime.shell.test_input_journal import core, record

LARGE = 3 * 1024 * 1024
"""Two of these fit into the least that a queue holds, three do not."""


class Full(SegmentFiles):
    """A disk that refuses what is written, while it is told to."""

    full = False

    def append(self, number: int, at: int, parts: Sequence[bytes]) -> None:
        """As of old, or not."""
        if self.full:
            raise OSError(28, "No space left on device")
        super().append(number, at, parts)


def _numbers(taken: Sequence[Records]) -> list[int]:
    lines = [find_lines(r.ndjson or b"") for r in taken]
    return [orjson.loads(some[i])["payload"]["x"] for some in lines for i in range(len(some))]


async def _drained(queue: InputQueue) -> list[int]:
    """All that comes out, in order; what is on disk is given time to come back."""
    found: list[int] = []
    while queue.bytes:
        found += _numbers(queue.take(LARGE))
        await asyncio.sleep(0)
    return found


def _queue(folder: Path, limit: int = 1 << 30) -> InputQueue:
    made = InputQueue(core().sources["one"], can_wait=True, clock=ManualClock(0), wake=asyncio.Event(), limit=0)
    made.let_wait_in(SegmentFiles(folder), limit)
    return made


def _is_used(queue: InputQueue) -> bool:
    return queue.overflow is not None and queue.overflow.is_used


def test_nothing_is_lost_and_order_is_kept(tmp_path: Path) -> None:
    """Beyond the memory records go to the disk, and come behind those before them."""

    async def run() -> None:
        queue = _queue(tmp_path)
        for x in range(12):
            assert await queue.push(record(x, LARGE))
        assert queue.overflow is not None
        assert _is_used(queue)
        assert await _drained(queue) == list(range(12))
        assert not _is_used(queue)
        assert queue.source.gate.counts.dropped["refused"] == 0
        await queue.overflow.close()

    asyncio.run(run())


def test_records_that_come_meanwhile_wait_behind(tmp_path: Path) -> None:
    """As long as anything waits on disk, nothing overtakes it."""

    async def run() -> None:
        queue, found = _queue(tmp_path), list[int]()
        for x in range(6):
            await queue.push(record(x, LARGE))
        for x in range(6, 30):
            found += _numbers(queue.take(LARGE))
            await queue.push(record(x, LARGE if x % 2 else 0))
        assert found + await _drained(queue) == list(range(30))

    asyncio.run(run())


def test_the_disk_is_bounded(tmp_path: Path) -> None:
    """Beyond `disk` records are refused, and counted, until there is room again."""

    async def run() -> None:
        queue = _queue(tmp_path, limit=2 * LARGE + 4096)
        taken = [await queue.push(record(x, LARGE)) for x in range(8)]
        assert taken == [True] * 4 + [False] * 4
        assert queue.source.gate.counts.dropped["refused"] == 4
        assert await _drained(queue) == [0, 1, 2, 3]
        assert await queue.push(record(8, LARGE))

    asyncio.run(run())


def test_a_sender_that_can_wait_does(tmp_path: Path) -> None:
    """Where the other end can be pressed back, nothing is refused at all."""

    async def run() -> None:
        queue = _queue(tmp_path, limit=LARGE + 4096)
        queue.presses_back = True
        for x in range(3):
            await queue.push(record(x, LARGE))
        waiting = asyncio.create_task(queue.push(record(3, LARGE)))
        await asyncio.sleep(0)
        assert not waiting.done()
        found = await _drained(queue)
        assert await waiting
        assert found + await _drained(queue) == [0, 1, 2, 3]
        assert queue.source.gate.counts.dropped["refused"] == 0

    asyncio.run(run())


def test_positions_come_back_with_their_records(tmp_path: Path) -> None:
    """With a journal beside it, a checkpoint says what was worked off, wherever records have waited."""

    async def run() -> None:
        queue = _queue(tmp_path / "overflow")
        queue.keep_in(InputJournal("one", Journal(SegmentFiles(tmp_path / "journal"), 1 << 30)))
        for x in range(8):
            await queue.push(record(x, LARGE))
        positions = []
        while queue.bytes:
            positions += [r.position for r in queue.take(1)]
            await asyncio.sleep(0)
        assert positions == [{"journal": n} for n in range(1, 9)]

    asyncio.run(run())


def test_what_a_disk_refuses_stays_in_memory(tmp_path: Path) -> None:
    """What was taken is not lost; no more is taken."""

    async def run() -> None:
        segments, back = Full(tmp_path), list[Records]()
        overflow = Overflow("one", segments, 1 << 30, back.append)
        segments.full = True
        overflow.add(record(1))
        await overflow.settle()
        assert not overflow.has_room(1)
        overflow.refill(1 << 20)
        while overflow.is_used:  # noqa: ASYNC110 - in a test that must not depend on time
            await asyncio.sleep(0)
        assert _numbers(back) == [1]

    asyncio.run(run())


def test_what_an_earlier_run_left_is_forgotten(tmp_path: Path) -> None:
    """Without state nothing of it belongs to this run; with state the journal has it."""

    async def run() -> None:
        first = Overflow("one", SegmentFiles(tmp_path), 1 << 30, lambda _: None)
        first.add(record(1))
        await first.settle()
        second = Overflow("one", SegmentFiles(tmp_path), 1 << 30, lambda _: None)
        second.begin()

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


def test_a_paced_queue_gives_out_no_more_than_its_pace() -> None:
    """A burst that waits is worked off at the rate that fits."""

    async def run() -> None:
        clock = ManualClock(0)
        queue = InputQueue(core().sources["one"], can_wait=False, clock=clock, wake=asyncio.Event(), limit=0)
        for x in range(400):
            await queue.push(record(x))
        # So that the size of a record is known.
        queue.source.take(queue.take(1)[0])
        queue.taking.set_rate(100, clock.now())
        taken = 0
        for _ in range(20):
            for records in queue.take(1 << 20):
                taken += len(_numbers([records]))
                queue.source.take(records)
            clock.advance(SECOND // 10)
        assert taken == pytest.approx(200, rel=0.2)
        queue.stop()
        assert queue.take(1 << 20)

    asyncio.run(run())


def test_what_waits_is_no_silence() -> None:
    """Time does not go on without records that have come, however long they wait: they would be late."""

    async def run() -> None:
        clock = ManualClock(1_700_000_000 * SECOND)
        target = core()
        source = target.sources["one"]
        source.heard = clock.now()
        queue = InputQueue(source, can_wait=False, clock=clock, wake=asyncio.Event(), limit=0)
        await queue.push(record(1))
        clock.advance(60 * SECOND)
        assert not source.promise(clock.now())
        queue.take(1 << 20)
        assert source.promise(clock.now())

    asyncio.run(run())


def test_what_may_wait_is_bounded_by_records_too() -> None:
    """Where a queue would stand, a sender waits long before memory is full, and goes on when it may."""

    async def run() -> None:
        queue = InputQueue(core().sources["one"], can_wait=False, clock=ManualClock(0), wake=asyncio.Event(), limit=0)
        queue.presses_back = True
        await queue.push(record(0, 1 << 20))
        queue.source.take(queue.take(1)[0])
        queue.bound(2.0)
        for x in range(1, 3):
            await queue.push(record(x, 1 << 20))
        waiting = asyncio.create_task(queue.push(record(3, 1 << 20)))
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.bound(None)
        assert await waiting
        queue.presses_back = False
        queue.bound(2.0)
        assert not await queue.push(record(4, 1 << 20))
        assert queue.source.gate.counts.dropped["refused"] == 1

    asyncio.run(run())
