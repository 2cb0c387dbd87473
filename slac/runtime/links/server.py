"""The receiving side of a link over ZeroMQ: knows its peers, numbers what they send, asks again for what was lost."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl
import zmq
import zmq.asyncio
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from slac.diagnostics import RunFailed
from slac.runtime.gates.told import BadTold, from_text
from slac.runtime.instructions import Send
from slac.runtime.links.bodies import from_body
from slac.runtime.links.flight import Receipts
from slac.runtime.links.protocol import (
    LINK_VERSION,
    MAX_BODY,
    Ack,
    Again,
    BadMessage,
    Beat,
    Begin,
    Bye,
    Data,
    Hello,
    Message,
    Named,
    Refusal,
    Taken,
    Welcome,
    decode,
    encode,
)
from slac.runtime.operator import BEGINNING
from slac.runtime.troubles.trouble import Trouble
from slac.runtime.trust.curve import speaker
from slac.runtime.trust.trust import Trust
from slac.stream.clock import SECOND, Clock

ALIVE: Final = 3 * SECOND
"""A session that was heard within this time (µs) still owns its instance's name."""
QUEUE: Final = 256
"""Messages that may wait for the core; behind it ZeroMQ presses back on the senders."""
ROOM: Final = 64 * 1024 * 1024
"""Bytes that all senders together may have on their way, unless said otherwise."""
SMALLEST_WINDOW: Final = 64 * 1024
"""Bytes that each may have at least …"""
LARGEST_WINDOW: Final = 16 * 1024 * 1024
"""… and at most: more would fill nothing but queues."""
GONE: Final = 60 * SECOND
"""A session that was not heard for this long (µs) has no share of the room any more; it may begin anew."""
PATIENCE: Final = 1.0
"""Seconds for which an address may still be in use: ZeroMQ, and a runtime that ends, let go of it a moment later."""

log = logging.getLogger("slac.link")


def _in_use(error: BaseException) -> bool:
    return isinstance(error, zmq.ZMQError) and error.errno == zmq.EADDRINUSE


@dataclass(slots=True)
class Session:
    """One connected sender."""

    name: str
    hello: Hello
    heard: int
    epoch: int
    number: int = 0
    receipts: Receipts = field(default_factory=Receipts)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Something of a peer for the core: a part of a message, or (without one) a sign of life.

    `last`: where it is the last part, whose receipts are due, and for which number. `troubles`: what it knows to be
    wrong, where it says so. `left`: it said goodbye.
    """

    peer: str
    send: Send | None = None
    joined: tuple[str, ...] = ()
    last: tuple[Receipts, int] | None = None
    troubles: tuple[Trouble, ...] | None = None
    left: bool = False


class LinkServer:
    """Listens at `address` for the runtimes that send one of `streams` of the plan with this meaning.

    `room`: bytes that all of them together may have on their way. `key` tells the key for sensitive fields that this
    runtime has from others.
    """

    def __init__(
        self,
        address: str,
        *,
        document: str,
        meaning: str,
        origins: Mapping[str, str],
        accepted: Callable[[str, str], int],
        clock: Clock,
        wake: Callable[[], None],
        trust: Trust | None = None,
    ) -> None:
        self.arrived: deque[Arrived] = deque()
        self.bytes = 0
        self.room = ROOM
        self.key = ""
        self.begun: Callable[[str], bool | None] = lambda _: False
        """Whether a change came about here; None where that is not decided, and who asks has to wait."""
        self._address = address
        self._document, self._meaning, self._origins = document, meaning, origins
        self._accepted = accepted
        self._clock = clock
        self._wake = wake
        self._sessions: dict[bytes, Session] = {}
        self._epoch = 0
        self._safe: Callable[[str, str], int] = lambda _, __: BEGINNING
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None
        self._socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 1000)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_BODY)
        self._socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._trust = trust
        if trust is not None:
            trust.door.guard(self._socket, trust.own, trust.allowed)

    async def start(self) -> None:
        """Listen; RunFailed when the address cannot be had, also after `PATIENCE`."""
        try:
            await self._bind()
        except zmq.ZMQError as error:
            raise RunFailed(f"cannot listen on {self._address}: {error.strerror or error}") from error
        self._task = asyncio.create_task(self._listen(), name="link server")

    @retry(retry=retry_if_exception(_in_use), stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.1), reraise=True)
    async def _bind(self) -> None:
        self._socket.bind(self._address)

    async def stop(self) -> None:
        """Close; acknowledgements that were handed to ZeroMQ get a second to leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()

    def peers(self) -> dict[str, int]:
        """Instances that have a session, and when each was last heard (µs)."""
        return {s.name: s.heard for s in self._sessions.values()}

    def take(self) -> list[Arrived]:
        """All that has arrived since the last call, in order."""
        taken = list(self.arrived)
        self.arrived.clear()
        self._room.set()
        for receipts, number in (item.last for item in taken if item.last is not None):
            receipts.took(number)
        for identity, session in self._sessions.items():
            if session.receipts.due(self._window):
                self._tell_taken(identity, session)
        return taken

    def acknowledge(self, safe: Callable[[str, str], int]) -> None:
        """Tell every peer, per stream, what it need not keep any longer; one that joins later is told then."""
        self._safe = safe
        for identity, session in self._sessions.items():
            self._tell(identity, session)

    def name(self, named: Named) -> None:
        """Tell all who send the stream: evidence helps, and is never waited for."""
        for identity, session in self._sessions.items():
            if named.stream in session.hello.streams:
                self._put(identity, named)

    @property
    def _window(self) -> int:
        """Bytes that each sender may have on its way."""
        fair = self.room // max(len(self._sessions), 1)
        return min(max(fair, SMALLEST_WINDOW), LARGEST_WINDOW)

    def _tell_taken(self, identity: bytes, session: Session) -> None:
        self._put(identity, Taken(epoch=session.epoch, number=session.receipts.tell(), window=self._window))

    def _tell(self, identity: bytes, session: Session) -> None:
        self._put(identity, Ack(safe={s: self._safe(s, session.name) for s in session.hello.streams}))

    def _put(self, identity: bytes, message: Message) -> None:
        frames = [identity, *encode(message)]
        self.bytes += sum(map(len, frames))
        future = asyncio.ensure_future(self._socket.send_multipart(frames, flags=zmq.NOBLOCK))
        if future.done():
            future.exception()  # a peer that is gone will say hello again

    async def _listen(self) -> None:
        while True:
            if len(self.arrived) >= QUEUE:
                self._room.clear()
                await self._room.wait()
            identity, name, frames = await self._receive()
            self.bytes += sum(map(len, frames))
            try:
                message, body = decode(frames)
                self._check(identity, message, name)
                self._on_message(identity, message, body)
            except BadMessage as error:
                self._cut_off(identity, str(error))

    async def _receive(self) -> tuple[bytes, str | None, list[memoryview]]:
        """The sender's identity, the name that its key stands for (None: not allowed any more), and its message."""
        first, *rest = await self._socket.recv_multipart(copy=False)
        frames = [frame.buffer for frame in rest]
        if self._trust is None:
            return first.bytes, None, frames
        entry = speaker(rest[0], self._trust.allowed) if rest else None
        name = entry.name if entry is not None and "link" in entry.scopes else None
        return first.bytes, name, frames

    def _check(self, identity: bytes, message: Message, name: str | None) -> None:
        """BadMessage where a key speaks for another instance than its own, or may not speak any more."""
        if self._trust is None:
            return
        if name is None:
            raise BadMessage("its key may not send streams here (any more)")
        session = self._sessions.get(identity)
        said = f"{message.node}/{message.instance}" if isinstance(message, Hello) else session.name if session else name
        if said != name:
            raise BadMessage(f"it speaks for {said} with the key of {name}")

    def _on_message(self, identity: bytes, message: Message, body: memoryview) -> None:
        now = self._clock.now()
        if isinstance(message, Hello):
            self._on_hello(identity, message, now)
            return
        session = self._sessions.get(identity)
        if session is None:
            self._put(identity, Again())
            return
        session.heard = now
        match message:
            case Beat():
                self._on_beat(identity, session, message)
            case Bye():
                self._on_bye(identity, session)
            case Data():
                self._on_data(identity, session, message, body)
            case _:
                self._cut_off(identity, f"a sender does not say {type(message).__name__}")

    def _on_hello(self, identity: bytes, hello: Hello, now: int) -> None:
        if hello.change and (begun := self.begun(hello.change)) is not False:
            if begun:
                self._put(identity, Begin(change=hello.change))
            return
        reason = self._objection(identity, hello, now)
        if reason is not None:
            log.warning("refused %s/%s: %s", hello.node, hello.instance, reason)
            self._put(identity, Refusal(reason=reason))
            return
        name = f"{hello.node}/{hello.instance}"
        stale = [i for i, s in self._sessions.items() if s.name == name or now - s.heard > GONE]
        for other in stale:
            if other != identity:
                del self._sessions[other]
        if identity not in self._sessions:
            log.info("%s has joined", name)
        session = self._sessions.get(identity)
        if session is None or session.hello.attempt != hello.attempt:
            self._epoch = max(now, self._epoch + 1)
            session = self._sessions[identity] = Session(name, hello, now, self._epoch)
        session.heard = now
        self.arrived.append(Arrived(name, joined=hello.streams))
        accepted = {s: self._accepted(s, name) for s in hello.streams}
        window = self._window
        self._put(identity, Welcome(attempt=hello.attempt, epoch=session.epoch, accepted=accepted, window=window))
        self._tell(identity, session)
        self._wake()

    def _objection(self, identity: bytes, hello: Hello, now: int) -> str | None:
        if hello.version != LINK_VERSION:
            return f"it speaks version {hello.version} of the link protocol, this runtime version {LINK_VERSION}"
        if hello.document != self._document:
            return f'it runs document "{hello.document}", this runtime "{self._document}"'
        if hello.meaning != self._meaning:
            return f'it runs another version of document "{self._document}"'
        if strange := [s for s in hello.streams if self._origins.get(s) != hello.node]:
            return f"node {hello.node} does not send {', '.join(strange)} here"
        known = {self.key, *(s.hello.key for i, s in self._sessions.items() if i != identity)} - {""}
        if hello.key and known - {hello.key}:
            return "it hashes sensitive fields with another key than other runtimes of this deployment"
        name = f"{hello.node}/{hello.instance}"
        for other, session in self._sessions.items():
            if other != identity and session.name == name and now - session.heard < ALIVE:
                return f"an instance {name} is connected already; give each its own --instance name"
        return None

    def _on_bye(self, identity: bytes, session: Session) -> None:
        del self._sessions[identity]
        log.info("%s has left", session.name)
        self.arrived.append(Arrived(session.name, left=True))
        self._wake()

    def _on_beat(self, identity: bytes, session: Session, beat: Beat) -> None:
        self.arrived.append(Arrived(session.name, troubles=beat.troubles))
        self._tell_taken(identity, session)
        self._tell(identity, session)

    def _on_data(self, identity: bytes, session: Session, data: Data, body: memoryview) -> None:
        if (data.epoch, data.number) != (session.epoch, session.number + 1):
            del self._sessions[identity]
            self._put(identity, Again())
            return
        session.number = data.number
        session.receipts.came(data.number, len(body))
        read: dict[int, tuple[memoryview, pl.DataFrame | None]] = {}
        for i, (part, rows) in enumerate(data.rows(body), 1):
            if part.stream not in session.hello.streams:
                raise BadMessage(f'stream "{part.stream}" was not announced')
            send = Send(
                part.stream,
                "",
                _from_body(rows, read),
                part.watermark,
                ended=part.ended,
                real=part.real,
                certain=part.certain,
                gates=_readable(part.gates),
            )
            last = (session.receipts, data.number) if i == len(data.parts) else None
            self.arrived.append(Arrived(session.name, send, last=last))
        self._wake()

    def _cut_off(self, identity: bytes, reason: str) -> None:
        session = self._sessions.pop(identity, None)
        log.warning("cut off %s: %s", session.name if session else "a stranger", reason)
        self._put(identity, Refusal(reason=reason))


def _readable(gates: str | None) -> str | None:
    """What is told of gates; BadMessage where that is nothing that could be."""
    try:
        from_text(gates or "")
    except BadTold as error:
        raise BadMessage(str(error)) from error
    return gates


def _from_body(rows: memoryview, read: dict[int, tuple[memoryview, pl.DataFrame | None]]) -> pl.DataFrame | None:
    """The rows; those that another part of the message said already, because two blocks ask the same, are read once."""
    known, frame = read.get(len(rows), (None, None))
    if known is None or known != rows:
        frame = from_body(rows)
        read[len(rows)] = rows, frame
    return frame
