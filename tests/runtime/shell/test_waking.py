"""When the main loop goes on."""

import asyncio

from slac.runtime.shell.waking import Waking

FOR_EVER = 3600.0


async def turns() -> None:
    """Let everybody have his turn who can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_need_not_be_gathered_wakes_at_once() -> None:
    """Whether it came before somebody waited, or meanwhile; once each."""

    async def run() -> None:
        wake = Waking(lambda: 0.0)
        wake.set()
        await wake.wait(FOR_EVER)
        waiting = asyncio.create_task(wake.wait(FOR_EVER))
        await turns()
        assert not waiting.done()
        wake.set()
        await waiting

    asyncio.run(run())


def test_a_time_that_passes_does_not_cut_gathering_short() -> None:
    """Only something more urgent does; then nothing is gathered any more."""
    pauses = [FOR_EVER, 2 * FOR_EVER, 0.0]

    async def run() -> None:
        wake = Waking(lambda: pauses.pop(0))
        await wake.wait(0.0)
        assert wake.left == 0.0
        wake.set()
        left = wake.left
        assert 0.0 < left <= FOR_EVER
        waiting = asyncio.create_task(wake.wait(0.0))
        wake.set()
        await turns()
        assert not waiting.done()
        assert wake.left <= left
        wake.set()
        await waiting
        assert wake.left == 0.0

    asyncio.run(run())
