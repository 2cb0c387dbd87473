"""Runtimes that hash with different keys are not brought together."""

from __future__ import annotations

import asyncio

import pytest

from slac.runtime.links.protocol import Hello, Message, Refusal, Welcome
from slac.runtime.links.server import LinkServer
from slac.stream.clock import ManualClock


class Deaf(LinkServer):
    """A receiver whose answers are looked at."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "inproc://nobody",
            document="d",
            meaning="m",
            origins={"s": "edge"},
            accepted=lambda _, __: 0,
            clock=ManualClock(0),
            wake=lambda: None,
        )
        self.key = key
        self.said: list[Message] = []

    def _put(self, identity: bytes, message: Message) -> None:
        del identity
        self.said.append(message)


def hello(instance: str, key: str) -> Hello:
    """The first word of an edge."""
    return Hello(document="d", meaning="m", node="edge", instance=instance, session="1", streams=("s",), key=key)


@pytest.mark.parametrize(
    ("own", "keys", "welcome"),
    [
        ("", ["a", "a", ""], [True, True, True]),
        ("", ["a", "b", "a"], [True, False, True]),
        ("a", ["b", "a", ""], [False, True, True]),
    ],
)
def test_only_one_key(own: str, keys: list[str], welcome: list[bool]) -> None:
    """The first key that is heard is that of the deployment; who has none does not matter."""
    server = Deaf(own)
    for i, key in enumerate(keys):
        server._on_message(str(i).encode(), hello(str(i), key), memoryview(b""))
    asyncio.run(server.stop())
    answers = [m for m in server.said if isinstance(m, Welcome | Refusal)]
    assert [isinstance(m, Welcome) for m in answers] == welcome
    assert all("another key" in m.reason for m in answers if isinstance(m, Refusal))
