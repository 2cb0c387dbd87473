"""Inputs that leave things where they are while a wave is gathered."""

import asyncio

from slac.runtime.shell.inputs import InputQueue
from slac.stream.clock import ManualClock
from tests.runtime.shell.test_input_journal import core, record

FOR_EVER = 3600.0


def queue(lasts: float) -> InputQueue:
    """One whose rows are worked off in so many seconds."""
    made = InputQueue(core().sources["one"], can_wait=False, clock=ManualClock(0), wake=asyncio.Event(), limit=0)
    made.lasts = lambda: lasts
    return made


def test_nobody_waits_where_nothing_is_gathered() -> None:
    """Nor where nothing is taken any more."""

    async def run() -> None:
        assert not await queue(0.0).lull()
        stopped = queue(FOR_EVER)
        stopped.stop()
        assert not await stopped.lull()

    asyncio.run(run())


def test_what_has_come_meanwhile_is_taken_before_the_end() -> None:
    """A stop ends the wait; what is found right then is taken, and nothing after it."""
    made = queue(FOR_EVER)
    taken: list[bool] = []

    async def fetch() -> None:
        while await made.lull():
            taken.append(await made.push(record(0)))
        await asyncio.sleep(0)
        taken.append(await made.push(record(1)))

    async def run() -> None:
        waiting = asyncio.create_task(fetch())
        await asyncio.sleep(0)
        assert not waiting.done()
        made.stop()
        await waiting

    asyncio.run(run())
    assert taken == [True, False]
    assert made.bytes == record(0).size
