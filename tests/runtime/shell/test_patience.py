"""What nobody misses stays at its input, undecoded, but no longer than until it could be missed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from slac.plan.waiting import BRINK, UNDECODED, UNDECODED_BYTES
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.patience import Patience
from slac.runtime.source import Source
from slac.stream.clock import SECOND, ManualClock
from slac.stream.ports import Records
from tests.runtime.shell.test_input_journal import core

START = 1_700_000_000 * SECOND
BEHIND = SECOND // 10
"""Events come so much (µs) after they happened."""


def record(at: float) -> Records:
    """An event so many seconds after `START`."""
    when = START + int(at * SECOND)
    line = f'{{"timestamp": {when // 1000}, "payload": {{"x": 1}}}}\n'
    return Records(source="here", arrival=when + BEHIND, ndjson=line.encode())


def source(reached: float = 3.0) -> Source:
    """One whose watermark is so many seconds after `START`."""
    made = core().sources["one"]
    made.take(record(reached))
    made.arrival.promise(START + int(reached * SECOND))
    return made


def patience(made: Source) -> Patience:
    """Windows of ten seconds end."""
    return Patience(made, lambda time: (time // (10 * SECOND) + 1) * 10 * SECOND)


def test_rows_wait_a_second_or_until_the_end_of_a_window() -> None:
    """Told by how far the watermark is behind the clock; when that is over, nothing waits until it has come there."""
    made = source()
    one, now = patience(made), START + 3 * SECOND + BEHIND
    assert one.left(now, since=now, size=1) == UNDECODED
    assert one.left(now + SECOND // 4, since=now, size=1) == UNDECODED - SECOND // 4

    brink = START + 10 * SECOND + BEHIND - BRINK
    assert one.left(brink - 1, since=brink - SECOND // 2, size=1) == 1
    assert one.left(brink, since=brink - SECOND // 2, size=1) == 0

    late = START + int(9.7 * SECOND) + BEHIND
    assert one.left(late, since=late, size=1) == int(0.3 * SECOND)
    assert one.left(late + SECOND, since=late + SECOND, size=1) == 0
    made.take(record(10.0))
    made.arrival.promise(START + 10 * SECOND)
    assert one.left(late + SECOND, since=late + SECOND, size=1) == UNDECODED


def test_a_burst_of_one_timestamp_is_as_late_as_its_first_record() -> None:
    """Records of a scrape come for most of a second: the next one is worked off with its first, not with its last."""
    made = source()
    one, late = patience(made), int(0.9 * SECOND)
    made.take(replace(record(3.0), arrival=START + 3 * SECOND + late))
    at = START + 10 * SECOND + BEHIND
    assert one.left(at - 1, since=at - 1, size=1) == 1
    assert one.left(at, since=at, size=1) == 0


def test_much_does_not_wait_nor_where_it_matters_what_waits() -> None:
    """Nor before the first record, of which nobody knows how far it is behind."""
    made = source()
    one, now = patience(made), START + 4 * SECOND
    assert one.left(now, since=now, size=UNDECODED_BYTES) == 0
    one.is_pressed = True
    assert one.left(now, since=now, size=1) == 0
    assert patience(core().sources["one"]).left(now, since=now, size=1) == 0


@pytest.mark.parametrize("is_last", [False, True])
def test_a_queue_gives_out_nothing_that_nobody_misses(is_last: bool) -> None:  # noqa: FBT001 - by pytest
    """Until it has waited for a second, or the run is over; nobody is woken for it before."""

    async def run() -> None:
        clock, wake = ManualClock(START + 3 * SECOND + BEHIND), asyncio.Event()
        queue = InputQueue(source(), can_wait=False, clock=clock, wake=wake, limit=0)
        queue.patience = patience(queue.source)
        assert await queue.push(record(3.1))
        assert not wake.is_set()
        assert (queue.take(1 << 20), queue.pressing, queue.is_ready) == ([], 0, False)
        if is_last:
            queue.stop()
        else:
            clock.advance(UNDECODED)
        assert queue.pressing == queue.bytes > 0
        assert len(queue.take(1 << 20)) == 1

    asyncio.run(run())


def test_what_nobody_misses_is_not_fetched_message_by_message() -> None:
    """Though no wave is near: an input leaves in its socket for a while what comes while its queue waits."""

    async def run() -> None:
        clock = ManualClock(START + 3 * SECOND + BEHIND)
        queue = InputQueue(source(), can_wait=False, clock=clock, wake=asyncio.Event(), limit=0)
        assert not await queue.lull()
        queue.patience = patience(queue.source)
        assert await queue.push(record(3.1))
        waiting = asyncio.create_task(queue.lull())
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.stop()
        assert await waiting

    asyncio.run(run())
