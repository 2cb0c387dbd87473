"""Links to all instances that share the keys of a node: each gets its rows, and waits for its own receiver only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from slac.diagnostics import RunFailed
from slac.runtime.instructions import Send
from slac.runtime.links.client import LinkClient
from slac.runtime.links.dividing import divided
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import Named
from slac.runtime.operator import State
from slac.runtime.troubles.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOnDisk:
    """What all buffers have on disk together."""

    bytes: int
    limit: int
    messages: int
    refusing: str
    refusals: int
    lost: int


class Outboxes:
    """The outboxes of all instances, in their order, as one."""

    def __init__(self, members: Sequence[Outbox]) -> None:
        self._members = members

    @property
    def added(self) -> int:
        """Bytes of all that was ever to be sent."""
        return sum(m.added for m in self._members)

    @property
    def bytes(self) -> int:
        """What is held in memory."""
        return sum(m.bytes for m in self._members)

    @property
    def messages(self) -> int:
        """How many messages that is."""
        return sum(m.messages for m in self._members)

    @property
    def congested(self) -> bool:
        """Whether one instance is so far behind that nothing more should be read."""
        return any(m.congested for m in self._members)

    @property
    def drained(self) -> bool:
        """Whether everything is safe everywhere."""
        return all(m.drained for m in self._members)

    @property
    def on_disk(self) -> AllOnDisk | None:
        """What is on disk for all of them."""
        spools = [m.spool for m in self._members if m.spool is not None]
        return AllOnDisk(
            bytes=sum(s.bytes for s in spools),
            limit=sum(s.limit for s in spools),
            messages=sum(s.messages for s in spools),
            refusing=next((s.refusing for s in spools if s.refusing), ""),
            refusals=sum(s.refusals for s in spools),
            lost=sum(s.lost for s in spools),
        )

    def marks(self) -> dict[str, int]:
        """The newest watermark held for any instance, per stream."""
        found: dict[str, int] = {}
        for member in self._members:
            for stream, mark in member.marks().items():
                found[stream] = max(mark, found.get(stream, mark))
        return found

    def sync(self) -> None:
        """Bring all to the disk; RunFailed where that refuses."""
        for member in self._members:
            member.sync()

    def snapshot(self) -> State:
        """The snapshots of all."""
        return State({"several": [dict(m.snapshot().values) for m in self._members]})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        for member, values in zip(self._members, state.values["several"], strict=True):
            member.restore(State(values))


class SeveralClients:
    """One `LinkClient` for each instance; rows are divided by the column `by`."""

    def __init__(self, members: Sequence[LinkClient], by: str) -> None:
        self.outbox = Outboxes([m.outbox for m in members])
        self._members = members
        self._by = by

    @property
    def welcomed(self) -> bool:
        """Whether all instances answer."""
        return all(m.welcomed for m in self._members)

    @property
    def bytes(self) -> int:
        """Bytes sent and received."""
        return sum(m.bytes for m in self._members)

    @property
    def under_way(self) -> int:
        """Bytes that were sent and not taken."""
        return sum(m.under_way for m in self._members)

    @property
    def failure(self) -> RunFailed | None:
        """Why one of them cannot go on."""
        return next((m.failure for m in self._members if m.failure is not None), None)

    @property
    def is_through(self) -> bool:
        """Whether all that there is to send was taken."""
        return all(m.is_through for m in self._members)

    @property
    def decided(self) -> Literal["begin", "give up"] | None:
        """What the first instance, which decides, has said of a change."""
        return self._members[0].decided

    @property
    def troubles(self) -> Callable[[], tuple[Trouble, ...]]:
        """What is to be told with each sign of life."""
        return self._members[0].troubles

    @troubles.setter
    def troubles(self, troubles: Callable[[], tuple[Trouble, ...]]) -> None:
        for member in self._members:
            member.troubles = troubles

    @property
    def named(self) -> Callable[[Named], None]:
        """Told which rows the verdicts of receivers were made of."""
        return self._members[0].named

    @named.setter
    def named(self, named: Callable[[Named], None]) -> None:
        for member in self._members:
            member.named = named

    def speak_of(self, change: str) -> None:
        """Ask all of them what became of a change."""
        for member in self._members:
            member.speak_of(change)

    def start(self) -> None:
        """Dial all; one that is not there is dialled again for as long as it takes."""
        for member in self._members:
            member.start()

    async def stop(self) -> None:
        """Hang up everywhere."""
        await asyncio.gather(*(m.stop() for m in self._members))

    def send(self, send: Send) -> None:
        """Keep each instance's rows until they are safe there."""
        for member, part in zip(self._members, divided(send, self._by, len(self._members)), strict=True):
            member.send(part)
