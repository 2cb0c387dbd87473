"""A link over real sockets: hello, data, loss of either end, and who is not let in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import polars as pl
import pytest
import zmq
import zmq.asyncio

from slac.diagnostics import RunFailed
from slac.runtime.instructions import Send
from slac.runtime.links.client import LinkClient
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import Again, Data, Hello, Message, Part, Welcome, decode, encode
from slac.runtime.links.server import LinkServer
from slac.stream.clock import ManualClock, SystemClock
from slac.testing import free_port

MEANING = "00ff"


def free_address() -> str:
    """A loopback address where nobody listens."""
    return f"tcp://127.0.0.1:{free_port()}"


def server(address: str, accepted: dict[str, int], *, meaning: str = MEANING) -> LinkServer:
    """A receiver that has accepted so much of each peer."""
    return LinkServer(
        address,
        document="d",
        meaning=meaning,
        origins={"s": "edge"},
        accepted=lambda _, peer: accepted.get(peer, 0),
        clock=SystemClock(),
        wake=lambda: None,
    )


def hello(session: str = "1", attempt: int = 1) -> Hello:
    """The first word of edge/a."""
    streams = ("s",)
    return Hello(
        document="d", meaning=MEANING, node="edge", instance="a", session=session, attempt=attempt, streams=streams
    )


def client(address: str, session: str = "1") -> LinkClient:
    """The sender edge/a."""
    return LinkClient(hello(session), address, Outbox(("s",), 1 << 20), clock=SystemClock(), wake=lambda: None)


def data(mark: int) -> Send:
    """One row under this watermark."""
    return Send("s", "central", pl.DataFrame({"x": [mark]}), mark)


async def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the code under test offers no event for it
            await asyncio.sleep(0.01)


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Play a story in an event loop of its own."""

    async def main() -> None:
        await story()

    asyncio.run(main())


def marks(end: LinkServer) -> list[int]:
    """Watermarks of what has arrived."""
    return [a.send.watermark for a in end.arrived if a.send is not None]


def test_what_was_sent_before_the_receiver_came_arrives_in_order() -> None:
    """An edge does not need its central runtime to start."""

    async def story() -> None:
        address = free_address()
        sender = client(address)
        sender.start()
        for mark in (1, 2, 3):
            sender.send(data(mark))
        receiver = server(address, {})
        await receiver.start()
        await until(lambda: marks(receiver) == [1, 2, 3])
        sender.send(data(4))
        await until(lambda: marks(receiver) == [1, 2, 3, 4])
        receiver.acknowledge(lambda _, __: 3)
        await until(lambda: sender.outbox.messages == 1)
        await sender.stop()
        await receiver.stop()

    run(story)


def test_watermarks_alone_wait_for_more() -> None:
    """For a moment after a message, as one with what comes meanwhile; rows never wait, and take them along."""

    async def story() -> None:
        address = free_address()
        sender, receiver = client(address), server(address, {})
        await receiver.start()
        sender.start()
        await until(lambda: sender.welcomed)
        sender._clock = ManualClock(sender._clock.now())
        sender.send(data(1))
        await until(lambda: marks(receiver) == [1])
        for mark in range(2, 30):
            sender.send(Send("s", "central", None, mark))
            await asyncio.sleep(0)
        sender.send(data(30))
        await until(lambda: marks(receiver)[-1] == 30)
        assert len(marks(receiver)) <= 3
        assert sender._number == 2
        sender.send(Send("s", "central", None, 31))
        await until(lambda: marks(receiver)[-1] == 31)
        await sender.stop()
        await receiver.stop()

    run(story)


def test_a_receiver_that_begins_anew_gets_what_it_has_not_made_safe() -> None:
    """The new receiver says where it stands; nothing below comes again, nothing above is lost."""

    async def story() -> None:
        address = free_address()
        sender, first = client(address), server(address, {})
        await first.start()
        sender.start()
        for mark in (1, 2, 3):
            sender.send(data(mark))
        await until(lambda: len(marks(first)) == 3)
        await first.stop()
        sender.send(data(4))

        second = server(address, {"edge/a": 2})
        await second.start()
        await until(lambda: marks(second) == [3, 4])
        await sender.stop()
        await second.stop()

    run(story)


async def told(socket: zmq.asyncio.Socket, kind: type[Message]) -> Message:
    """The next message of this kind."""
    while True:
        message, _ = decode((await socket.recv_multipart())[-2:])
        if isinstance(message, kind):
            return message


def test_hellos_that_piled_up_count_once_at_the_receiver() -> None:
    """A repeated hello does not begin the numbers anew; another attempt does, and the old epoch is over."""

    async def story() -> None:
        address = free_address()
        receiver = server(address, {})
        await receiver.start()
        sender = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        sender.connect(address)

        async def welcomed(attempt: int) -> int:
            await sender.send_multipart(encode(hello(attempt=attempt)))
            welcome = await told(sender, Welcome)
            assert isinstance(welcome, Welcome)
            return welcome.epoch

        async def send(epoch: int, number: int) -> None:
            await sender.send_multipart(
                encode(Data(epoch=epoch, number=number, parts=(Part(stream="s", watermark=10 * number),)))
            )

        epoch = await welcomed(attempt=1)
        await send(epoch, 1)
        assert await welcomed(attempt=1) == epoch
        await send(epoch, 2)
        await until(lambda: marks(receiver) == [10, 20])
        following = await welcomed(attempt=2)
        await send(epoch, 3)
        await told(sender, Again)
        assert following > epoch
        assert marks(receiver) == [10, 20]
        sender.close(linger=0)
        await receiver.stop()

    run(story)


def test_only_the_first_welcome_counts_at_the_sender() -> None:
    """Hellos that piled up are all answered; messages sent meanwhile keep their numbers."""

    async def story() -> None:
        address = free_address()
        receiver = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        receiver.bind(address)
        sender = client(address)
        sender.start()
        identity, *_ = await receiver.recv_multipart()
        numbers = []
        for mark in (10, 20, 30):
            await receiver.send_multipart([identity, *encode(Welcome(attempt=1, epoch=7, accepted={"s": 0}))])
            await until(lambda: sender.welcomed)
            sender.send(data(mark))
            message = await told(receiver, Data)
            assert isinstance(message, Data)
            numbers.append((message.epoch, message.number, message.parts[0].watermark))
        assert numbers == [(7, 1, 10), (7, 2, 20), (7, 3, 30)]
        await sender.stop()
        receiver.close(linger=0)

    run(story)


def test_another_version_of_the_document_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender is told why, and ends with that reason when it stays so."""
    monkeypatch.setattr("slac.runtime.links.client.PATIENCE", 0)

    async def story() -> None:
        address = free_address()
        receiver, sender = server(address, {}, meaning="other"), client(address)
        await receiver.start()
        sender.start()
        await until(lambda: sender.failure is not None)
        assert isinstance(sender.failure, RunFailed)
        assert "another version of document" in str(sender.failure)
        await sender.stop()
        await receiver.stop()

    run(story)


def test_two_of_one_name_are_not_let_in() -> None:
    """The first stays connected, the second is refused."""

    async def story() -> None:
        address = free_address()
        receiver, first, second = server(address, {}), client(address, "1"), client(address, "2")
        await receiver.start()
        first.start()
        await until(lambda: first.welcomed)
        second.start()
        await until(lambda: second._refused_since is not None)
        assert first.welcomed
        assert not second.welcomed
        for end in (first, second, receiver):
            await end.stop()

    run(story)


def test_nonsense_is_cut_off_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """A stranger who speaks another protocol changes nothing."""

    async def story() -> None:
        address = free_address()
        receiver, sender = server(address, {}), client(address)
        await receiver.start()
        stranger = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        stranger.connect(address)
        await stranger.send_multipart([b"GET / HTTP/1.1", b""])
        await stranger.send_multipart([b"\x81", b"", b"", b""])
        sender.start()
        sender.send(data(1))
        await until(lambda: marks(receiver) == [1])
        stranger.close(linger=0)
        await sender.stop()
        await receiver.stop()

    with caplog.at_level(logging.WARNING):
        run(story)
    assert "cut off a stranger" in caplog.text


def test_a_port_in_use_is_a_plain_sentence() -> None:
    """No traceback when another process listens there."""

    async def story() -> None:
        address = free_address()
        first, second = server(address, {}), server(address, {})
        await first.start()
        with pytest.raises(RunFailed, match="cannot listen on"):
            await second.start()
        await first.stop()
        await second.stop()

    run(story)
