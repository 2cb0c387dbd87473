"""Many edges at one central: all at once, each with its own place; who says goodbye is told from who is lost."""

from __future__ import annotations

from typing import Final

import msgspec

from slac.runtime.links.client import LinkClient
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.server import Arrived, LinkServer
from slac.runtime.troubles.trouble import NOT_KEPT, Trouble
from slac.stream.clock import SystemClock
from tests.runtime.links.test_zeromq import data, free_address, hello, run, server, until

EDGES: Final = 200


def edge(address: str, number: int) -> LinkClient:
    """One of them."""
    word = msgspec.structs.replace(hello(session=f"s{number}"), instance=f"e{number}")
    return LinkClient(word, address, Outbox(("s",), 1 << 20), clock=SystemClock(), wake=lambda: None)


def taken(receiver: LinkServer, so_far: list[Arrived]) -> set[str]:
    """Whose rows have come."""
    so_far += receiver.take()
    return {a.peer for a in so_far if a.send is not None}


def test_two_hundred_edges_connect_at_once() -> None:
    """They dial before anybody listens; each is welcomed, heard and acknowledged once."""

    async def story() -> None:
        address, arrived = free_address(), list[Arrived]()
        senders = [edge(address, n) for n in range(EDGES)]
        for sender in senders:
            sender.start()
            sender.send(data(1))
        receiver = server(address, {})
        await receiver.start()
        await until(lambda: len(taken(receiver, arrived)) == EDGES, 120.0)
        assert len(receiver.peers()) == EDGES
        receiver.acknowledge(lambda _, __: 1)
        await until(lambda: all(s.outbox.drained for s in senders), 120.0)
        assert sum(a.send is not None for a in arrived) == EDGES
        for sender in senders:
            await sender.stop()
        await until(lambda: not receiver.peers(), 120.0)
        taken(receiver, arrived)
        assert sum(a.left for a in arrived) == EDGES
        await receiver.stop()

    run(story)


def test_troubles_come_with_signs_of_life() -> None:
    """The newest say all that there is; one that has left, and one that comes back, are known as such."""
    trouble = Trouble(block=NOT_KEPT, node="edge", instance="e0", what="checkpoint", since=1, message="full")

    async def story() -> None:
        address, arrived = free_address(), list[Arrived]()
        receiver, sender = server(address, {}), edge(address, 0)
        sender.troubles = lambda: (trouble,)
        await receiver.start()
        sender.start()

        def told() -> tuple[Trouble, ...]:
            arrived.extend(receiver.take())
            return next((a.troubles for a in reversed(arrived) if a.troubles is not None), ())

        await until(lambda: told() == (trouble,))
        sender.troubles = lambda: ()
        await until(lambda: told() == ())
        await sender.stop()
        await until(lambda: not receiver.peers())
        assert [a.peer for a in receiver.take() if a.left] == ["edge/e0"]
        again = edge(address, 0)
        again.start()
        await until(lambda: again.welcomed)
        assert list(receiver.peers()) == ["edge/e0"]
        await again.stop()
        await receiver.stop()

    run(story)
