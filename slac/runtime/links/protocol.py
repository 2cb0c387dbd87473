"""What travels on a link: a small typed header and, behind it, rows. Nothing executable, all bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from slac.diagnostics import SlacError
from slac.runtime.links.flight import WINDOW
from slac.runtime.troubles.trouble import Trouble

LINK_VERSION: Final = 7
MAX_BODY: Final = 256 * 1024 * 1024
"""Bytes of rows in one message; a larger one is refused unread."""
MAX_HEADER: Final = 1024 * 1024
"""Bytes of all else in it."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """First word of a sender: who it is, and which streams of which document it has.

    `meaning` is the plan's; `session` tells two processes of one name apart. `attempt` counts how often the sender has
    begun anew: a hello is repeated until it is answered, and only the first of an attempt means anything. `key` tells
    the key that it hashes sensitive fields with from others; empty where it has none. `change`: the sender has agreed
    to this exchange of plans, and was not told whether it came about.
    """

    version: int = LINK_VERSION
    document: str
    meaning: str
    node: str
    instance: str
    session: str
    attempt: int = 1
    streams: tuple[str, ...]
    key: str = ""
    change: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Rows of one stream that are all below `watermark`, which holds from now on (µs); `size` bytes of the body.

    `certain`: how far the sender has heard all of its own senders, where that is less far. `gates`: what gates before
    the stream have dropped (`slac.runtime.gates.told`), where that is another than was said last.
    """

    stream: str
    watermark: int
    ended: bool = False
    real: int | None = None
    size: int = 0
    certain: int | None = None
    gates: str | None = None


class Data(msgspec.Struct, frozen=True, kw_only=True, tag="data"):
    """What one wave has for the receiver: `parts` in order, whose rows follow one another in the second frame.

    `epoch` is that of the `Welcome` which the sender goes by, `number` counts from 1 in it.
    """

    epoch: int = 0
    number: int = 0
    parts: tuple[Part, ...] = ()

    def rows(self, body: memoryview) -> Iterator[tuple[Part, memoryview]]:
        """Each part with its bytes; BadMessage when the body holds more or less than they say."""
        sizes = [part.size for part in self.parts]
        if min(sizes, default=0) < 0 or sum(sizes) != len(body):
            raise BadMessage(f"the rows of a link message take {len(body)} bytes, not {sum(sizes)}")
        for part, end in zip(self.parts, accumulate(sizes), strict=True):
            yield part, body[end - part.size : end]


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat"):
    """A sign of life of a sender, with all that it knows to be wrong."""

    troubles: tuple[Trouble, ...] = ()


class Bye(msgspec.Struct, frozen=True, kw_only=True, tag="bye"):
    """Last word of a sender that ends in good order."""


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    """Answer to `Hello`: the watermark up to which each stream has been accepted; the rest is to be sent (again).

    `attempt` is that of the hello; `epoch` names what begins now, and differs in every run of the receiver: what was
    meant for a receiver that has died since must not be taken by the next one, which may have accepted less. `window`:
    bytes that may be on their way.
    """

    attempt: int
    epoch: int
    accepted: dict[str, int]
    window: int = WINDOW


class Ack(msgspec.Struct, frozen=True, kw_only=True, tag="ack"):
    """What the receiver will never ask for again, per stream: it is in its checkpoint."""

    safe: dict[str, int]


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag="taken"):
    """The receiver's core has taken all messages up to `number` of `epoch`; it has room for `window` bytes more."""

    epoch: int
    number: int
    window: int


class Named(msgspec.Struct, frozen=True, kw_only=True, tag="named"):
    """Rows of a stream that a verdict here was made of: who sent them keeps evidence of them. Times in µs."""

    stream: str
    ids: tuple[int, ...]
    low: int
    high: int


class Again(msgspec.Struct, frozen=True, kw_only=True, tag="again"):
    """Something was lost, or the receiver began anew: the sender is to say `Hello`."""


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Answer to a `Hello` with a `change`: it came about here, so the sender is to begin with it, too."""

    change: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """The receiver will not talk to this sender, and why."""

    reason: str


Message = Hello | Data | Beat | Bye | Welcome | Ack | Taken | Named | Again | Begin | Refusal

_decoder: Final = msgspec.msgpack.Decoder(Message)
_encoder: Final = msgspec.msgpack.Encoder()


class BadMessage(SlacError):
    """A peer sent something that is not of this protocol."""


def encode(message: Message, body: bytes = b"") -> list[bytes]:
    """Frames of one message."""
    return [_encoder.encode(message), body]


def decode(frames: Sequence[bytes | memoryview]) -> tuple[Message, memoryview]:
    """The message and its body; BadMessage when it is none."""
    if len(frames) != 2 or len(frames[0]) > MAX_HEADER or len(frames[1]) > MAX_BODY:
        raise BadMessage(f"a link message has two bounded frames, not {[len(f) for f in frames]} bytes")
    try:
        return _decoder.decode(frames[0]), memoryview(frames[1])
    except msgspec.DecodeError as error:
        raise BadMessage(f"not a link message: {error}") from error
