"""What is on its way to a receiver is bounded by what its core has taken, and by the network's budget."""

import asyncio

import polars as pl

from slac.runtime.instructions import Send
from slac.runtime.links.client import LinkClient
from slac.runtime.links.flight import MESSAGES, Flight, Receipts
from slac.runtime.links.outbox import Outbox
from slac.stream.clock import SECOND, SystemClock
from slac.testing import ManualClock
from tests.runtime.links.test_zeromq import free_address, hello, run, server, until


def send(mark: int) -> Send:
    """About 2 KB of rows that do not compress."""
    return Send("s", "central", pl.DataFrame({"x": [hash((mark, i)) for i in range(250)]}), mark)


def test_a_window_closes_and_opens() -> None:
    """Bytes and messages bound it; one message may always leave; what was taken makes room."""
    flight = Flight()
    flight.begin(100)
    flight.left(1, 500)
    assert (flight.has_room,) == (False,)
    flight.taken(1, 100)
    assert flight.has_room

    flight.begin(1 << 30)
    for number in range(1, MESSAGES + 1):
        assert flight.has_room
        flight.left(number, 1)
    assert (flight.has_room, flight.messages, flight.bytes) == (False, MESSAGES, MESSAGES)


def test_a_receipt_is_due_when_a_quarter_was_taken() -> None:
    """By messages or by bytes; what was told is not told again."""
    receipts = Receipts()
    for number in range(1, MESSAGES + 1):
        receipts.came(number, 10)
    receipts.took(MESSAGES // 4 - 1)
    assert not receipts.due(1 << 20)
    assert receipts.due(MESSAGES * 9)
    receipts.took(MESSAGES // 4)
    assert receipts.due(1 << 20)
    assert receipts.tell() == MESSAGES // 4
    assert not receipts.due(1 << 20)


def test_a_receiver_that_takes_nothing_is_not_flooded() -> None:
    """What it has no room for stays with the sender; when it takes, all comes in order."""

    async def story() -> None:
        address = free_address()
        receiver = server(address, {})
        receiver.room = 100_000
        await receiver.start()
        sender = LinkClient(hello(), address, Outbox(("s",), 1 << 30), clock=SystemClock(), wake=lambda: None)
        sender.start()
        await until(lambda: sender.welcomed)
        for mark in range(1, 401):
            sender.send(send(mark))
            await asyncio.sleep(0)
        await until(lambda: not sender.flight.has_room)
        assert sender.flight.bytes < 100_000 + 2 * 2_500
        assert len(receiver.arrived) < 100

        taken: list[int] = []

        def take() -> bool:
            taken.extend(a.send.watermark for a in receiver.take() if a.send is not None)
            return len(taken) >= 400

        await until(take)
        assert taken == list(range(1, 401))
        await sender.stop()
        await receiver.stop()

    run(story)


def test_what_a_link_sends_is_paced() -> None:
    """While the clock stands still no more leaves than the budget's burst; as it goes on, the rest does."""

    async def story() -> None:
        address = free_address()
        receiver, clock = server(address, {}), ManualClock(SECOND)
        await receiver.start()
        sender = LinkClient(
            hello(), address, Outbox(("s",), 1 << 30), clock=clock, wake=lambda: None, rate=8 * 80_000.0
        )
        sender.start()
        await until(lambda: sender.welcomed)
        for mark in range(1, 81):
            sender.send(send(mark))
        await until(lambda: sender._pacer.pause(clock.now()) > 0)
        before = sender.bytes
        assert before < 40_000, "a tenth of a second of 80 kB/s, and a message"

        def drained() -> bool:
            clock.advance(SECOND // 50)
            return sum(a.send is not None for a in receiver.arrived) == 80

        began = clock.now()
        await until(drained, 60.0)
        assert sender.bytes <= before + 80_000 * (clock.now() - began + SECOND) / SECOND + 5_000
        await sender.stop()
        await receiver.stop()

    run(story)
