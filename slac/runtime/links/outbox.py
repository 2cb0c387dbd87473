"""The sending end of a link: what has been sent stays until the receiver has it in its checkpoint."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from slac.runtime.instructions import Send
from slac.runtime.links.protocol import Part, to_body
from slac.runtime.operator import BEGINNING, State


@dataclass(frozen=True, slots=True)
class Held:
    """One message, encoded once."""

    data: Part
    body: bytes


class Outbox:
    """All streams to one placement. Sans I/O: it says what to send, its owner sends.

    `limit`: bytes held from which on `congested` asks the inputs to wait.
    """

    def __init__(self, streams: tuple[str, ...], limit: int) -> None:
        self._held: dict[str, deque[Held]] = {s: deque() for s in streams}
        self._limit = limit
        self.bytes = 0

    @property
    def congested(self) -> bool:
        """Whether the receiver is so far behind that nothing more should be read."""
        return self.bytes > self._limit

    @property
    def drained(self) -> bool:
        """Whether everything is safe with the receiver."""
        return not any(self._held.values())

    @property
    def messages(self) -> int:
        """How many messages are not safe with the receiver."""
        return sum(map(len, self._held.values()))

    def marks(self) -> dict[str, int]:
        """The watermark of the newest message held, per stream that has one."""
        return {stream: queue[-1].data.watermark for stream, queue in self._held.items() if queue}

    def add(self, send: Send) -> Held:
        """Keep a message until it is acknowledged; a bare watermark replaces the bare one before it."""
        body = to_body(send.frame)
        held = Held(_part(send.stream, send.watermark, send.ended, send.real, body), body)
        queue = self._held[send.stream]
        if queue and not queue[-1].body and not queue[-1].data.ended:
            queue.pop()
        queue.append(held)
        self.bytes += len(held.body)
        return held

    def resume(self, accepted: dict[str, int]) -> Iterator[Held]:
        """Everything that a receiver which stands at `accepted` has not yet seen, in order."""
        for stream, queue in self._held.items():
            mark = accepted.get(stream, BEGINNING)
            yield from (h for h in queue if h.data.watermark > mark or h.data.ended)

    def acknowledge(self, safe: dict[str, int]) -> None:
        """Let go of what the receiver has made safe."""
        for stream, mark in safe.items():
            queue = self._held.get(stream)
            while queue and queue[0].data.watermark <= mark:
                self.bytes -= len(queue.popleft().body)

    def snapshot(self) -> State:
        """The messages held, as raw bytes: a restart sends them again where they are wanted."""
        values = {s: [[h.data.watermark, h.data.ended, h.data.real, h.body] for h in q] for s, q in self._held.items()}
        return State({"held": values})

    def restore(self, state: State) -> None:
        """Take over the messages held."""
        for stream, messages in state.values["held"].items():
            for watermark, ended, real, body in messages:
                self._held[stream].append(Held(_part(stream, watermark, ended, real, body), body))
                self.bytes += len(body)


def _part(stream: str, watermark: int, ended: bool, real: int | None, body: bytes) -> Part:  # noqa: FBT001 - as it is kept
    return Part(stream=stream, watermark=watermark, ended=ended, real=real, size=len(body))
