"""The sending end of a link: what has been sent stays until the receiver has it in its checkpoint."""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import Final

from slac.diagnostics import RunFailed
from slac.runtime.instructions import Send
from slac.runtime.links.bodies import to_body
from slac.runtime.links.held import Held, from_fields, to_fields
from slac.runtime.links.protocol import Part
from slac.runtime.links.spool import Spool
from slac.runtime.operator import BEGINNING, State

FIELDS: Final = 60
"""Bytes that a message takes on the network beside its rows."""
OVERHEAD: Final = 300
"""Bytes that a message takes beside its rows."""


class Outbox:
    """All streams to one placement. Sans I/O: it says what to send, its owner sends.

    `added`: bytes of all that was ever to be sent. `limit`: bytes held in memory from which on `congested` asks the
    inputs to wait. With a `spool`, what is above `share` bytes moves there, the oldest first, so that only a full spool
    lets memory grow up to `limit`.
    A message is numbered when it is added. Those in the spool are older than those in memory; `take` gives each once.
    """

    def __init__(
        self, streams: tuple[str, ...], limit: int, *, spool: Spool | None = None, share: int | None = None
    ) -> None:
        self.bytes = self.added = 0
        self.spool = spool
        self._limit = limit
        self._share = limit if share is None else share
        self._sent: dict[str, deque[tuple[int, Held]]] = {s: deque() for s in streams}
        self._unsent: OrderedDict[int, Held] = OrderedDict()
        self._newest: dict[str, int] = {}
        self._accepted: dict[str, int] = {}
        self._safe: dict[str, int] = {}
        self._from_spool: deque[Held] = deque()
        self._next = 0
        self._is_open = spool is None

    @property
    def congested(self) -> bool:
        """Whether the receiver is so far behind that nothing more should be read."""
        return self.bytes > self._limit

    @property
    def drained(self) -> bool:
        """Whether everything is safe with the receiver."""
        return not self._unsent and not any(self._sent.values()) and not (self.spool is not None and self.spool.bytes)

    @property
    def on_disk(self) -> Spool | None:
        """What does not lie in memory, where there is a place for it."""
        return self.spool

    @property
    def is_sent(self) -> bool:
        """Whether everything was handed over for sending."""
        return not self._unsent and not self._from_spool and (self.spool is None or self.spool.is_read)

    @property
    def has_only_marks(self) -> bool:
        """Whether what is still to be sent says nothing but watermarks."""
        is_read = not self._from_spool and (self.spool is None or self.spool.is_read)
        return is_read and all(held.is_bare for held in self._unsent.values())

    @property
    def messages(self) -> int:
        """How many messages in memory are not safe with the receiver."""
        return len(self._unsent) + sum(map(len, self._sent.values()))

    def marks(self) -> dict[str, int]:
        """The watermark of the newest message held, per stream that has one."""
        held = {stream: queue[-1][1] for stream, queue in self._sent.items() if queue}
        held |= {h.data.stream: h for h in self._unsent.values()}
        spooled = self.spool.marks() if self.spool is not None else {}
        return spooled | {stream: h.data.watermark for stream, h in held.items()}

    def open(self) -> None:
        """Begin with nothing, unless a state was restored: what a former process has left on disk is forgotten."""
        if not self._is_open and self.spool is not None:
            self.spool.open(0)
        self._is_open = True

    def close(self) -> None:
        """Let go of files."""
        if self.spool is not None:
            self.spool.close()

    def add(self, send: Send) -> None:
        """Keep a message until it is acknowledged; it takes the place of a bare watermark that is the newest there."""
        body = to_body(send.frame)
        data = Part(
            stream=send.stream,
            watermark=send.watermark,
            ended=send.ended,
            real=send.real,
            size=len(body),
            certain=send.certain,
            gates=send.gates,
        )
        self.added += len(body) + FIELDS
        self._put(Held(data, body))
        self.relieve()

    def take(self, most: int, size: int) -> list[Held]:
        """The next messages to send: at most so many, and none more once they have `size` bytes."""
        taken: list[Held] = []
        while len(taken) < most and size > 0 and (held := self._pop()) is not None:
            taken.append(held)
            size -= len(held.body)
        return taken

    def forgotten(self, accepted: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """By stream how far a receiver is that goes on behind what it had said was safe, and how far that was.

        One that begins anew is none: it is meant to.
        """
        marks = {stream: (mark, self._safe.get(stream, BEGINNING)) for stream, mark in accepted.items()}
        return {stream: (mark, safe) for stream, (mark, safe) in marks.items() if BEGINNING < mark < safe}

    def resume(self, accepted: Mapping[str, int]) -> None:
        """A receiver has come that stands at these watermarks: what it does not have is sent, in order."""
        self._accepted = dict(accepted)
        merged = list(self._in_memory())
        for queue in self._sent.values():
            queue.clear()
        self._unsent = OrderedDict(merged)
        self._newest = {held.data.stream: number for number, held in merged}
        self._from_spool.clear()
        if self.spool is not None:
            self.spool.rewind()

    def acknowledge(self, safe: Mapping[str, int]) -> None:
        """Let go of what the receiver has made safe."""
        self._safe |= safe
        for stream, mark in safe.items():
            queue = self._sent.get(stream)
            while queue and queue[0][1].data.watermark <= mark:
                self.bytes -= _cost(queue.popleft()[1])
        if self.spool is not None:
            self.spool.release(self._safe)

    def relieve(self) -> None:
        """Move what memory should not hold to the spool, as far as that takes it."""
        while self.spool is not None and self._is_open and self.bytes > self._share:
            if sent := min((q for q in self._sent.values() if q), key=lambda q: q[0][0], default=None):
                number, held = sent[0]
            else:
                number, held = next(iter(self._unsent.items()))
            if not self.spool.append(number, held, sent=bool(sent)):
                return
            if sent:
                sent.popleft()
            else:
                del self._unsent[number]
            self.bytes -= _cost(held)

    def retry(self) -> None:
        """Look again whether the spool has room; to be called now and then."""
        if self.spool is not None and self.bytes > self._share:
            self.spool.retry()
            self.relieve()

    def sync(self) -> None:
        """Bring the spool to the disk; RunFailed where that refuses. May be called from another thread."""
        if self.spool is not None:
            try:
                self.spool.sync()
            except OSError as error:
                raise RunFailed(f"the buffer of a link could not be written: {error.strerror or error}") from error

    def snapshot(self) -> State:
        """The messages in memory, as raw bytes, and how far the spool goes: a restart sends what is wanted of both.

        What it refers to is on the disk only after `sync`.
        """
        held = [[n, *to_fields(h), h.body] for n, h in self._in_memory()]
        return State({"held": held, "next": self._next, "spooled": self.spool.end if self.spool is not None else 0})

    def restore(self, state: State) -> None:
        """Take over the messages held."""
        self._next = state.values["next"]
        if self.spool is not None:
            self.spool.open(state.values["spooled"])
        for number, *fields, body in state.values["held"]:
            held = from_fields(fields, body)
            self._unsent[number] = held
            self._newest[held.data.stream] = number
            self.bytes += _cost(held)
        self._is_open = True

    def _put(self, held: Held) -> None:
        stream = held.data.stream
        newest = self._newest.get(stream, -1)
        if newest in self._unsent and self._unsent[newest].is_bare:
            self.bytes += _cost(held) - _cost(self._unsent[newest])
            self._unsent[newest] = held
            return
        queue = self._sent[stream]
        if queue and queue[-1][0] == newest and queue[-1][1].is_bare:
            self.bytes -= _cost(queue.pop()[1])
        self._unsent[self._next] = held
        self._newest[stream] = self._next
        self._next += 1
        self.bytes += _cost(held)

    def _pop(self) -> Held | None:
        """The next message that the receiver is to be sent, which is sent from now on."""
        if self.spool is not None:
            if not self._from_spool:
                self._from_spool.extend(self.spool.read(self._accepted))
            if self._from_spool:
                return self._from_spool.popleft()
        while self._unsent:
            number, held = self._unsent.popitem(last=False)
            stream = held.data.stream
            if not held.data.ended and held.data.watermark <= self._safe.get(stream, BEGINNING):
                self.bytes -= _cost(held)
                continue
            self._sent[stream].append((number, held))
            if held.is_wanted(self._accepted.get(stream, BEGINNING)):
                return held
        return None

    def _in_memory(self) -> Iterator[tuple[int, Held]]:
        return heapq.merge(*self._sent.values(), self._unsent.items(), key=lambda item: item[0])


def _cost(held: Held) -> int:
    return len(held.body) + OVERHEAD
