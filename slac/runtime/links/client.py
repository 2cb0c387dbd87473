"""The sending side of a link over ZeroMQ: says hello, sends what the receiver has not seen, repeats after any loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec
import zmq
import zmq.asyncio

from slac.diagnostics import RunFailed
from slac.runtime.instructions import Send
from slac.runtime.links.flight import Flight
from slac.runtime.links.held import Held
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import (
    Ack,
    Again,
    BadMessage,
    Beat,
    Begin,
    Bye,
    Data,
    Hello,
    Named,
    Refusal,
    Taken,
    Welcome,
    decode,
    encode,
)
from slac.runtime.troubles.trouble import Trouble
from slac.runtime.trust.curve import Dial, dial_with, watch_handshakes
from slac.shedding.pacer import Pacer
from slac.stream.clock import SECOND, Clock

BEAT: Final = SECOND
"""Between two signs of life (µs)."""
SILENT: Final = 5 * SECOND
"""A receiver that has not answered for this long (µs) is taken to be away."""
MOST_PARTS: Final = 128
"""Parts of one message, whose header is bounded."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of rows from which on a message takes nothing more: a part alone may have many times as many."""
QUIET: Final = SECOND // 4
"""For how long (µs) after a message what says nothing but watermarks waits, for rows or later watermarks."""
STEP: Final = 4
"""Where the network has a budget, a message takes no more than this part of a second of it, if it can be cut."""
PATIENCE: Final = 10 * SECOND
"""For how long (µs) a refusal may be due to our own predecessor, which has just died."""

log = logging.getLogger("slac.link")


class LinkClient:
    """All streams to one placement at `address`; `rate`: bits a second that it may send, None without a bound."""

    def __init__(
        self,
        hello: Hello,
        address: str,
        outbox: Outbox,
        *,
        clock: Clock,
        wake: Callable[[], None],
        keys: Dial | None = None,
        rate: float | None = None,
    ) -> None:
        self.outbox = outbox
        self.flight = Flight()
        self.welcomed = False
        self.bytes = 0
        self.failure: RunFailed | None = None
        self.decided: Literal["begin", "give up"] | None = None
        """What the receiver has said of the change that the hello speaks of."""
        self.troubles: Callable[[], tuple[Trouble, ...]] = lambda: ()
        """What is to be told with each sign of life."""
        self.named: Callable[[Named], None] = lambda _: None
        """Told which rows the receiver's verdicts were made of."""
        self._hello = hello
        self._address = address
        self._clock = clock
        self._wake = wake
        self._epoch = self._number = 0
        self._heard = clock.now()
        self._alone = False
        self._refused_since: int | None = None
        self._socket = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, hello.session.encode())
        self._socket.setsockopt(zmq.LINGER, 1000)
        self._socket.setsockopt(zmq.SNDHWM, 1000)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        self._is_guarded = keys is not None
        if keys is not None:
            dial_with(self._socket, keys)
        self._tasks: list[asyncio.Task[None]] = []
        self._flush: asyncio.Handle | None = None
        self._lingers = False
        self._sent_at = 0
        self._pacer = Pacer()
        self._pacer.set_rate(rate, clock.now())
        self._most_bytes = MOST_BYTES if rate is None else min(MOST_BYTES, max(int(rate / 8 / STEP), 1))

    def start(self) -> None:
        """Dial; a peer that is not there is dialled again for as long as it takes. Once is enough."""
        if self._tasks:
            return
        self.outbox.open()
        try:
            self._socket.connect(self._address)
        except zmq.ZMQError as error:
            raise RunFailed(f'"{self._address}" is not an address that can be dialled: {error}') from error
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]
        if self._is_guarded:
            self._tasks.append(asyncio.create_task(watch_handshakes(self._socket, self._address)))

    async def stop(self) -> None:
        """Say goodbye and hang up; what was handed to ZeroMQ gets a second to leave."""
        if self._flush is not None:
            self._flush.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.welcomed:
            self._put(encode(Bye()))
        self._socket.close()
        self.outbox.close()

    @property
    def under_way(self) -> int:
        """Bytes that were sent and not taken."""
        return self.flight.bytes

    @property
    def is_through(self) -> bool:
        """Whether the receiver's core has taken all that there is to send."""
        return self.welcomed and not self.flight.messages and self.outbox.is_sent

    def speak_of(self, change: str) -> None:
        """Ask the receiver, whenever it has to be greeted, first what became of a change; with "" no more."""
        self.decided = None if change else self.decided
        self._hello = msgspec.structs.replace(self._hello, change=change)

    def send(self, send: Send) -> None:
        """Keep a message until it is safe, and send it now if the receiver is there."""
        self.outbox.add(send)
        self._send_soon()

    def _send_soon(self) -> None:
        """When all that one wave has to say has been handed over, it goes out as one message."""
        if not self.welcomed or (self._flush is not None and not self._lingers):
            return
        pause = max(self._sent_at + QUIET - self._clock.now(), 0) if self.outbox.has_only_marks else 0
        if self._flush is not None:
            if pause:
                return
            self._flush.cancel()
        self._lingers = pause > 0
        self._flush = asyncio.get_running_loop().call_later(pause / SECOND, self._send_ready)

    def _send_ready(self) -> None:
        """As much as the receiver has room for, and the budget lets out."""
        self._flush, self._lingers = None, False
        while self.welcomed and self.flight.has_room:
            if pause := self._pacer.pause(self._clock.now()):
                self._flush = asyncio.get_running_loop().call_later(pause / SECOND, self._send_ready)
                return
            held = self.outbox.take(MOST_PARTS, self._most_bytes)
            if not held:
                return
            self._transmit(held)

    def _transmit(self, held: Sequence[Held]) -> None:
        self._number += 1
        self._sent_at = self._clock.now()
        data = Data(epoch=self._epoch, number=self._number, parts=tuple(h.data for h in held))
        frames = encode(data, held[0].body if len(held) == 1 else b"".join(h.body for h in held))
        if self._put(frames):
            self.flight.left(self._number, sum(map(len, frames)))
        else:
            self._begin_anew()

    def _put(self, frames: list[bytes]) -> bool:
        # Large frames are sent from where they lie.
        future = asyncio.ensure_future(self._socket.send_multipart(frames, flags=zmq.NOBLOCK, copy=False))
        if future.done() and future.exception() is not None:
            return False
        size = sum(map(len, frames))
        self.bytes += size
        self._pacer.took(8 * size, self._clock.now())
        return True

    async def _beat(self) -> None:
        while True:
            if self.welcomed and self._clock.now() - self._heard > SILENT:
                log.warning("%s does not answer; what it misses is kept and sent again", self._address)
                self._alone = True
                self._begin_anew()
            elif not self.welcomed and not self._alone and self._clock.now() - self._heard > SILENT:
                log.warning("nobody answers at %s yet; what is to be sent there is kept", self._address)
                self._alone = True
            self._put(encode(Beat(troubles=self.troubles()) if self.welcomed else self._hello))
            self.outbox.retry()
            await asyncio.sleep(BEAT / SECOND)

    async def _listen(self) -> None:
        while True:
            frames = await self._socket.recv_multipart()
            self.bytes += sum(map(len, frames))
            self._heard = self._clock.now()
            try:
                message, _ = decode(frames)
            except BadMessage as error:
                log.warning("%s: %s", self._address, error)
                continue
            match message:
                case Welcome():
                    self._resume(message)
                case Ack(safe=safe):
                    self._let_go(safe)
                case Taken():
                    self._go_on(message)
                case Named():
                    self.named(message)
                case Again():
                    self._begin_anew()
                    self._put(encode(self._hello))
                case Begin(change=change):
                    self._decide("begin", change)
                case Refusal(reason=reason):
                    self._refuse(reason)
                case _:
                    log.warning("%s said %s, which a receiver does not say", self._address, type(message).__name__)

    def _let_go(self, safe: dict[str, int]) -> None:
        waited = not self.outbox.drained
        self.outbox.acknowledge(safe)
        if waited and self.outbox.drained:
            self._wake()

    def _go_on(self, taken: Taken) -> None:
        if self.welcomed and taken.epoch == self._epoch:
            self.flight.taken(taken.number, taken.window)
            self._send_soon()

    def _begin_anew(self) -> None:
        """What was sent may be lost: the receiver is to say again where it stands."""
        if self.welcomed:
            self.welcomed = False
            self._hello = msgspec.structs.replace(self._hello, attempt=self._hello.attempt + 1)

    def _resume(self, welcome: Welcome) -> None:
        if self.welcomed or welcome.attempt != self._hello.attempt:
            return  # hellos pile up while the receiver is busy or away; the first answer counts
        self._decide("give up", self._hello.change)
        log.info("connected to %s", self._address)
        self.welcomed, self._refused_since, self._alone = True, None, False
        self._epoch, self._number = welcome.epoch, 0
        for stream, (accepted, safe) in self.outbox.forgotten(welcome.accepted).items():
            log.warning(
                "%s has %s only up to %d, and had said that all up to %d (µs) was safe: what lies between is not kept "
                "any more, and is missing there",
                self._address,
                stream,
                accepted,
                safe,
            )
        self.flight.begin(welcome.window)
        self.outbox.resume(welcome.accepted)
        self._send_soon()

    def _decide(self, what: Literal["begin", "give up"], change: str) -> None:
        if change and change == self._hello.change:
            self.decided = what
            self.speak_of("")
            self._wake()

    def _refuse(self, reason: str) -> None:
        now = self._clock.now()
        self._begin_anew()
        self._refused_since = now if self._refused_since is None else self._refused_since
        if now - self._refused_since > PATIENCE:
            self.failure = RunFailed(f"{self._address} refuses this runtime: {reason}")
            self._wake()
