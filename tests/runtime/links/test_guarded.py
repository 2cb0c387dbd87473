"""Links with keys, over real sockets: who is let in, and what becomes of those who try otherwise."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import zmq
import zmq.asyncio

from slac.runtime.links.client import LinkClient
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import Beat, Message, Refusal, Welcome, decode, encode
from slac.runtime.links.server import LinkServer
from slac.runtime.trust.allowed import Entry
from slac.runtime.trust.curve import Dial, Door, dial_with
from slac.runtime.trust.keyring import KeyRing
from slac.runtime.trust.trust import Trust
from slac.stream.clock import SystemClock
from tests.runtime.links.test_zeromq import MEANING, data, free_address, hello, marks, run, until


@dataclass
class Place:
    """A central runtime with its keys, and edges with theirs: `a` and `b` are allowed, `c` is not."""

    address: str
    trust: Trust
    edges: KeyRing

    @classmethod
    def make(cls, directory: Path) -> Place:
        """Keys of all, and the allow-list of central."""
        ring, edges = KeyRing(directory / "central"), KeyRing(directory / "edges")
        own = ring.new("central/one")
        for name in ("edge/a", "edge/b", "edge/c"):
            edges.new(name)
        for name in ("edge/a", "edge/b"):
            ring.allowed.allow(Entry(name=name, key=edges.own(name).public, scopes=("link",)))
        edges.allowed.allow(Entry(name="central/one", key=own.public, scopes=("link",)))
        return cls(free_address(), Trust(ring, own, Door(zmq.asyncio.Context.instance())), edges)

    def server(self) -> LinkServer:
        """The receiver; the door is open before it listens."""
        self.trust.door.start()
        return LinkServer(
            self.address,
            document="d",
            meaning=MEANING,
            origins={"s": "edge"},
            accepted=lambda _, __: 0,
            clock=SystemClock(),
            wake=lambda: None,
            trust=self.trust,
        )

    def dial(self, key_of: str) -> Dial:
        """The key of an edge, and that of central."""
        return Dial(self.edges.own(key_of), self.edges.of_node("central"))

    def client(self, instance: str, key_of: str | None = None, keys: Dial | None = None) -> LinkClient:
        """An edge that says it is `instance`, with its own key or that of another."""
        word = msgspec.structs.replace(hello(session=instance), instance=instance)
        used = keys or self.dial(key_of or f"edge/{instance}")
        return LinkClient(
            word, self.address, Outbox(("s",), 1 << 20), clock=SystemClock(), wake=lambda: None, keys=used
        )

    def stranger(self, identity: str, keys: Dial | None) -> zmq.asyncio.Socket:
        """A socket that says what it likes."""
        socket = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        socket.setsockopt(zmq.IDENTITY, identity.encode())
        socket.setsockopt(zmq.LINGER, 0)
        if keys is not None:
            dial_with(socket, keys)
        socket.connect(self.address)
        return socket


async def answer(socket: zmq.asyncio.Socket, message: Message, seconds: float = 1.0) -> Message | None:
    """What comes back; None for nothing."""
    await socket.send_multipart(encode(message))
    if not await socket.poll(seconds * 1_000):
        return None
    return decode(await socket.recv_multipart())[0]


def test_an_allowed_key_sends_for_its_own_instance(tmp_path: Path) -> None:
    """Rows arrive as on a link without keys."""

    async def story() -> None:
        place = Place.make(tmp_path)
        receiver = place.server()
        await receiver.start()
        sender = place.client("a")
        sender.start()
        sender.send(data(1))
        await until(lambda: marks(receiver) == [1])
        await sender.stop()
        await receiver.stop()
        place.trust.door.stop()

    run(story)


def test_who_is_not_let_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No key, a key that is not allowed, and one that is allowed to look but not to send: nothing of them arrives."""

    async def story() -> None:
        place = Place.make(tmp_path)
        place.edges.new("ops")
        place.trust.allowed.allow(Entry(name="ops", key=place.edges.own("ops").public, scopes=("read",)))
        receiver = place.server()
        await receiver.start()
        for name, keys in (("plain", None), ("unknown", place.dial("edge/c"))):
            socket = place.stranger(name, keys)
            assert await answer(socket, hello(session=name)) is None, name
            socket.close()
        person = place.stranger("ops", place.dial("ops"))
        assert isinstance(await answer(person, hello(session="ops"), 10), Refusal)
        person.close()
        assert not receiver.arrived
        assert receiver.peers() == {}
        await receiver.stop()
        place.trust.door.stop()

    with caplog.at_level(logging.WARNING):
        run(story)
    unknown = KeyRing(tmp_path / "edges").own("edge/c").public
    assert f"refused a connection with the key {unknown}" in caplog.text


def test_a_stolen_key_cannot_speak_for_another_instance(tmp_path: Path) -> None:
    """Neither with a hello of the other's name, nor by taking over the other's connection."""

    async def story() -> None:
        place = Place.make(tmp_path)
        receiver = place.server()
        await receiver.start()
        thief = place.stranger("thief", place.dial("edge/b"))
        said = await answer(thief, hello(session="thief"), 10)
        assert isinstance(said, Refusal)
        assert "speaks for edge/a with the key of edge/b" in said.reason

        honest = place.stranger("1", place.dial("edge/a"))
        welcome = await answer(honest, hello(), 10)
        assert isinstance(welcome, Welcome)
        usurper = place.stranger("1", place.dial("edge/b"))
        refused = await answer(usurper, Beat(), 10)
        assert isinstance(refused, Refusal)
        assert "speaks for edge/a with the key of edge/b" in refused.reason
        assert not marks(receiver)
        for socket in (thief, honest, usurper):
            socket.close()
        await receiver.stop()
        place.trust.door.stop()

    run(story)


def test_a_revoked_key_is_cut_off(tmp_path: Path) -> None:
    """With its next message, although its connection stands."""

    async def story() -> None:
        place = Place.make(tmp_path)
        receiver = place.server()
        await receiver.start()
        edge = place.stranger("1", place.dial("edge/a"))
        assert isinstance(await answer(edge, hello(), 10), Welcome)
        await edge.recv_multipart()  # the acknowledgement that follows a welcome
        place.trust.allowed.revoke("edge/a")
        assert isinstance(await answer(edge, Beat(), 10), Refusal)
        assert receiver.peers() == {}
        edge.close()
        await receiver.stop()
        place.trust.door.stop()

    run(story)


def test_an_edge_speaks_to_no_impostor(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A receiver with another key than the one that is allowed hears nothing; the edge tells."""

    async def story() -> None:
        place = Place.make(tmp_path)
        other = KeyRing(tmp_path / "impostor")
        false = Trust(other, other.new("central/one"), place.trust.door)
        other.allowed.allow(Entry(name="edge/a", key=place.edges.own("edge/a").public, scopes=("link",)))
        receiver = Place(place.address, false, place.edges).server()
        await receiver.start()
        sender = place.client("a")
        sender.start()
        sender.send(data(1))
        await until(lambda: "does not prove to be who it should be" in caplog.text)
        await asyncio.sleep(0.2)
        assert not receiver.arrived
        await sender.stop()
        await receiver.stop()
        place.trust.door.stop()

    with caplog.at_level(logging.WARNING):
        run(story)
