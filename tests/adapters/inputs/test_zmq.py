"""The ZeroMQ input, fed by real sockets."""

import asyncio
import io
from typing import Any

import polars as pl
import pytest
import zmq
import zmq.asyncio
from polars.testing import assert_frame_equal

from slac.adapters.decoding import frame_of_body
from slac.adapters.discovery import check_settings
from slac.adapters.inputs import zmq as zmq_input
from slac.diagnostics import RunFailed
from slac.stream.ports import InputContext
from tests.adapters.inputs.sinks import RememberingSink, Running

CONTEXT = InputContext(block="in", instance="web-1", now=lambda: 7)


def build(**settings: Any) -> zmq_input.ZmqInput:
    """The adapter for valid settings."""
    assert check_settings(zmq_input, settings) == []
    return zmq_input.build(settings, CONTEXT)


def test_pull_takes_lines_and_arrays() -> None:
    """Each message is NDJSON or an array; a bad one is one bad record."""

    async def run() -> None:
        with zmq.asyncio.Context() as context:
            push = context.socket(zmq.PUSH)
            port = push.bind_to_random_port("tcp://127.0.0.1")
            async with Running(build(pattern="pull", connect=f"tcp://127.0.0.1:{port}"), RememberingSink()) as sink:
                await push.send(b'{"a":1}\n{"a":2}\n')
                await push.send(b'[{"a":3}]')
                await push.send(b'[{"a":\n4}')
                await sink.until(lambda s: len(s.lines) == 4)
                assert sink.lines == [b'{"a":1}', b'{"a":2}', b'{"a":3}', b'[{"a": 4}']
                assert sink.pushed[0].source == "web-1"
            push.close(linger=0)

    asyncio.run(run())


def test_sub_takes_its_topics_and_drops_the_topic_frame() -> None:
    """Only what it subscribed to."""

    async def run() -> None:
        with zmq.asyncio.Context() as context:
            publisher = context.socket(zmq.XPUB)
            port = publisher.bind_to_random_port("tcp://127.0.0.1")
            async with Running(build(connect=f"tcp://127.0.0.1:{port}", topics=["a"]), RememberingSink()) as sink:
                assert await publisher.recv() == b"\x01a"
                await publisher.send_multipart([b"b", b'{"b":1}'])
                await publisher.send_multipart([b"a", b'{"a":1}'])
                await sink.until(lambda s: s.lines)
                assert sink.lines == [b'{"a":1}']
            publisher.close(linger=0)

    asyncio.run(run())


def test_an_address_in_use_is_a_sentence() -> None:
    """The address is named."""

    async def run() -> None:
        with zmq.asyncio.Context() as context:
            taken = context.socket(zmq.PULL)
            port = taken.bind_to_random_port("tcp://127.0.0.1")
            with pytest.raises(RunFailed, match=f"cannot open tcp://127.0.0.1:{port}: Address already in use"):
                await build(bind=f"tcp://127.0.0.1:{port}").run(RememberingSink())
            taken.close(linger=0)

    asyncio.run(run())


def test_exactly_one_address() -> None:
    """Neither none nor both."""
    for settings in ({}, {"bind": "tcp://*:1", "connect": "tcp://a:1"}):
        assert check_settings(zmq_input, settings) == [((), "exactly one of connect, bind is needed")]


@pytest.mark.parametrize("settings", [{"connect": "tcp://pubsub:5556"}, {"bind": "tcp://*:5556", "pattern": "pull"}])
def test_strangers_are_refused_without_leave(settings: dict[str, Any]) -> None:
    """Before a socket is made."""
    with pytest.raises(RunFailed, match="anybody on the way may read and inject"):
        asyncio.run(build(**settings).run(RememberingSink()))
    assert not build(**settings, insecure=True)._is_refused
    assert not build(connect="tcp://127.0.0.1:1")._is_refused


def test_messages_of_arrow() -> None:
    """Counted, joined and not decoded; what is none is a bad record at its place."""
    frame = pl.DataFrame({"timestamp": [1, 2], "n": [3, 4]})
    written = io.BytesIO()
    frame.write_ipc_stream(written)

    async def run() -> None:
        with zmq.asyncio.Context() as context:
            push = context.socket(zmq.PUSH)
            port = push.bind_to_random_port("tcp://127.0.0.1")
            adapter = build(pattern="pull", connect=f"tcp://127.0.0.1:{port}", format="arrow")
            async with Running(adapter, RememberingSink()) as sink:
                for message in (written.getvalue(), b'{"n":3}', written.getvalue()):
                    await push.send(message)
                await sink.until(lambda s: sum(r.arrow.height for r in s.pushed if r.arrow is not None) == 4)
                (line,) = sink.lines
                assert b"no Arrow IPC stream of 7 bytes" in line
                assert_frame_equal(frame_of_body(sink.pushed[0].arrow or pytest.fail("no Arrow")), frame)
            push.close(linger=0)

    asyncio.run(run())


class GatheringSink(RememberingSink):
    """Gathers until it is told that it has enough."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.enough = asyncio.Event()

    async def lull(self) -> bool:
        """Until it has enough, once."""
        if self.enough.is_set():
            return False
        self.asked.set()
        await self.enough.wait()
        return True


def test_what_comes_while_a_sink_gathers_is_read_together() -> None:
    """It stays in the socket, and is one block afterwards; what comes then is noticed again."""

    async def run() -> None:
        with zmq.asyncio.Context() as context, context.socket(zmq.PUSH) as push:
            push.linger = 0
            port = push.bind_to_random_port("tcp://127.0.0.1")
            sink = GatheringSink()
            async with Running(build(pattern="pull", connect=f"tcp://127.0.0.1:{port}"), sink):
                await push.send(b'{"a":1}')
                await sink.asked.wait()
                await push.send(b'{"a":2}')
                assert sink.lines == [b'{"a":1}']
                sink.enough.set()
                await sink.until(lambda s: len(s.lines) == 2)
                await push.send(b'{"a":3}')
                await sink.until(lambda s: len(s.lines) == 3)
                assert sink.lines == [b'{"a":1}', b'{"a":2}', b'{"a":3}']

    asyncio.run(run())
