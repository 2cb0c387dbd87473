"""What goes into the core in one wave: all that inputs and links have brought by now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from slac.runtime.core import Core
from slac.runtime.instructions import Instruction
from slac.runtime.links.server import Arrived
from slac.runtime.shell.inputs import InputQueue

CHUNK: Final = 4 * 1024 * 1024
"""Bytes of one input that go into the core at a time: enough to be fast, small enough to stay responsive."""


class Wave:
    """Gathers what is to enter the core, in order; `carry` enters it all and carries it on once."""

    def __init__(self, core: Core) -> None:
        self.size = 0
        self._core = core
        self._calls: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take_inputs(self, queues: Mapping[str, InputQueue], *, end: bool) -> bool:
        """A chunk of each queue, and with `end` the news that one has come to its end; whether more is left."""
        for name, queue in queues.items():
            if records := queue.take(CHUNK):
                self.size += sum(r.size for r in records)
                self._calls.append(partial(self._core.enter_records, name, records))
            if end and queue.closed and not queue.bytes and not self._core.sources[name].ended:
                self._calls.append(partial(self._core.enter_end, name))
        return any(queue.is_ready for queue in queues.values())

    def take_links(self, arrived: Iterable[Arrived], now: int) -> None:
        """What peers have sent; that they are there is known at once."""
        heard = ""
        for item in arrived:
            if item.left or item.peer != heard:
                for inlet in self._core.inlets.values():
                    inlet.leave(item.peer) if item.left else inlet.hear(item.peer, now)
                heard = "" if item.left else item.peer
            if item.troubles is not None:
                self._core.hear_troubles(item.peer, item.troubles)
            for stream in item.joined:
                self._core.inlets[stream].join(item.peer, now)
            if (send := item.send) is not None:
                self.size += 0 if send.frame is None else int(send.frame.estimated_size())
                self._calls.append(partial(self._core.enter_link, send.stream, item.peer, send, now))

    def carry(self, now: int) -> list[Instruction]:
        """All of it, in the core's one thread."""
        for call in self._calls:
            call()
        return self._core.carry(now)
