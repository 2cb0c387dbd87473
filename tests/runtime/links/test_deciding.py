"""A sender that has agreed to a change asks whom it sends to whether that came about."""

from __future__ import annotations

from tests.runtime.links.test_zeromq import client, free_address, run, server, until


def test_it_came_about() -> None:
    """The receiver has begun, whatever plan it is by now: it says so before it would refuse the old one."""

    async def story() -> None:
        address = free_address()
        receiver, sender = server(address, {}, meaning="another"), client(address)
        receiver.begun = lambda change: change == "c"
        sender.speak_of("c")
        await receiver.start()
        sender.start()
        await until(lambda: sender.decided == "begin")
        assert not sender.welcomed
        await sender.stop()
        await receiver.stop()

    run(story)


def test_it_did_not_come_about() -> None:
    """The receiver knows nothing of it: the sender is welcome as ever."""

    async def story() -> None:
        address = free_address()
        receiver, sender = server(address, {}), client(address)
        sender.speak_of("c")
        await receiver.start()
        sender.start()
        await until(lambda: sender.welcomed)
        assert sender.decided == "give up"
        await sender.stop()
        await receiver.stop()

    run(story)


def test_it_is_open() -> None:
    """Then there is no answer, until there is one."""

    async def story() -> None:
        address = free_address()
        receiver, sender = server(address, {}), client(address)
        asked: list[str] = []
        decided: list[bool] = []

        def begun(change: str) -> bool | None:
            asked.append(change)
            return decided[0] if decided else None

        receiver.begun = begun
        sender.speak_of("c")
        await receiver.start()
        sender.start()
        await until(lambda: len(asked) > 1)
        assert sender.decided is None
        assert not sender.welcomed
        decided.append(True)
        await until(lambda: sender.decided == "begin")
        await sender.stop()
        await receiver.stop()

    run(story)
