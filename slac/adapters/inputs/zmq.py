"""Input `zmq`: events from a ZeroMQ PUB or PUSH socket; a message is NDJSON lines, a JSON array, or Arrow."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import zmq

from slac.adapters.arrow_bodies import runs
from slac.adapters.bodies import as_one
from slac.adapters.environment import Problem, at, call_zmq, listen
from slac.adapters.settings import amount, as_list, one_or_more, schema, size, text
from slac.adapters.zmq_news import ZmqNews
from slac.diagnostics import RunFailed
from slac.stream.addresses import is_local
from slac.stream.arrow_body import ArrowBody
from slac.stream.ports import InputContext, InputSink, Records

_ADDRESS: Final = "^(tcp|ipc|inproc)://"
_FORM = "an address: write it like tcp://127.0.0.1:5556 or ipc:///run/slac/socket"
SCHEMA: Final = schema(
    {
        "pattern": text("sub reads from publishers, pull from pushers.", enum=["sub", "pull"], default="sub"),
        "connect": text(
            "Address to dial, such as tcp://pubsub:5556; it need not be there yet.", pattern=_ADDRESS, form=_FORM
        ),
        "bind": text("Address to listen on instead.", pattern=_ADDRESS, form=_FORM),
        "topics": one_or_more("Topics to subscribe to: what the first frame begins with. Everything by default."),
        "format": text(
            "What messages are: ndjson (or a JSON array), or arrow, an Arrow IPC stream each.",
            enum=["ndjson", "arrow"],
            default="ndjson",
        ),
        "max_message": amount("The largest message that is taken; a sender of a larger one is cut off.", "8MiB"),
        "queue": {
            "type": "integer",
            "minimum": 1,
            "description": "Messages that wait in the socket at most: from publishers 1000 if not said, of Arrow 100, "
            "and from pushers 100 or 20, for these wait. Their bytes are not part of what the memory budget lets an "
            "input queue.",
        },
        "insecure": {
            "type": "boolean",
            "default": False,
            "description": "Read from an address beyond this machine, where anybody on the way may read and inject.",
        },
    }
) | {"oneOf": [{"required": ["connect"]}, {"required": ["bind"]}]}
CAN_WAIT: Final = False
_QUEUES: Final = {"sub": {"ndjson": 1_000, "arrow": 100}, "pull": {"ndjson": 100, "arrow": 20}}
"""Messages that ZeroMQ holds back for us at most; beyond, PUB drops and PUSH waits. It cannot count bytes.

What waits here is late, so where nothing is lost it is little. It cannot be changed under way: ZeroMQ wakes a sender
when a part of the number was read that held at last, and so much may not be there."""
_BLOCK: Final = 2**20
_PART: Final = 16
"""Who has sent less than one part in this many of the queue is not expected to fill it before the next look …"""
_LITTLE: Final = _BLOCK // 4
"""… where these are no more bytes than this."""


def build(settings: Mapping[str, Any], context: InputContext) -> "ZmqInput":
    """The input for checked settings."""
    return ZmqInput(settings, context)


def beyond(settings: Mapping[str, Any]) -> str:
    """The setting whose address leaves this machine, where nobody proves who he is; empty where there is none."""
    return next((name for name in ("bind", "connect") if name in settings and not is_local(settings[name])), "")


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the address can be bound, or somebody is there."""
    if "bind" in settings:
        return at("bind", listen(settings["bind"]))
    return at("connect", call_zmq(settings["connect"]))


class ZmqInput:
    """Reads all messages that are there as one block. The topic frame, if there is one, is not part of the records."""

    can_wait = False

    def __init__(self, settings: Mapping[str, Any], context: InputContext) -> None:
        self._pull = settings.get("pattern", "sub") == "pull"
        # Who pushes waits when nobody takes what it sends. A publisher drops it, uncounted: to fetch it for the count
        # alone would take what is there to keep some of it.
        self.presses_back = True
        self.loses_unread = not self._pull
        self._bind = settings.get("bind")
        self._address: str = self._bind or settings["connect"]
        self._topics = as_list(settings.get("topics", ""))
        self._max_message = size(settings, "max_message", "8MiB")
        form = settings.get("format", "ndjson")
        self._arrow = form == "arrow"
        self._queue: int = settings.get("queue", _QUEUES["pull" if self._pull else "sub"][form])
        self._context = context
        self._is_refused = bool(beyond(settings)) and not settings.get("insecure", False)

    async def run(self, sink: InputSink) -> None:
        """Read until cancelled; RunFailed where the address cannot be had, or is open without leave."""
        if self._is_refused:
            raise RunFailed(
                f"input {self._context.block} reads from {self._address}, beyond this machine, where anybody on the "
                "way may read and inject events. Run slac beside the publisher and link it with keys, or say "
                "`insecure: true`."
            )
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        socket = context.socket(zmq.PULL if self._pull else zmq.SUB)
        try:
            self._open(socket)
            news = ZmqNews(socket)
            while True:
                await news.wait()
                await self._push(sink, found := _waiting(socket))
                if found:
                    sink.beyond(self._queue * sum(map(len, found)) // len(found))
                # What comes while it is gathered can stay where it is; not so if that may be much.
                while self._is_little(found) and await sink.lull():
                    await self._push(sink, found := _waiting(socket))
        finally:
            socket.close(linger=0)
            context.term()

    def _is_little(self, found: Sequence[memoryview]) -> bool:
        return len(found) * _PART <= self._queue and sum(map(len, found)) <= _LITTLE

    def _open(self, socket: zmq.Socket[bytes]) -> None:
        socket.setsockopt(zmq.MAXMSGSIZE, self._max_message)
        socket.rcvhwm = self._queue
        try:
            if not self._pull:
                for topic in self._topics:
                    socket.subscribe(topic)
            if self._bind:
                socket.bind(self._address)
            else:
                socket.connect(self._address)
        except zmq.ZMQError as error:
            raise RunFailed(f"input {self._context.block} cannot open {self._address}: {error.strerror}.") from error

    async def _push(self, sink: InputSink, bodies: list[memoryview]) -> None:
        found = runs(list(map(bytes, bodies)), self._max_message) if self._arrow else (as_one(bodies),)
        for part in found:
            if part:
                await sink.push(self._records(part))

    def _records(self, part: ArrowBody | bytes) -> Records:
        return Records(
            source=self._context.instance,
            arrival=self._context.now(),
            ndjson=part if isinstance(part, bytes) else None,
            arrow=part if isinstance(part, ArrowBody) else None,
            origin=self._address,
        )


def _waiting(socket: zmq.Socket[bytes]) -> list[memoryview]:
    """The bodies of the messages that are there now, up to about 1 MiB; their bytes are still where ZeroMQ put them."""
    bodies: list[memoryview] = []
    held = 0
    while held < _BLOCK:
        try:
            frame = socket.recv(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            break
        # All frames of a message are there when the first one is.
        while frame.more:
            frame = socket.recv(zmq.NOBLOCK, copy=False)
        bodies.append(frame.buffer)
        held += len(bodies[-1])
    return bodies
