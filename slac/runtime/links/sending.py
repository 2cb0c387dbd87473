"""What a runtime sends over, as its shell sees it: one link, or one to each of several instances that share keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from slac.diagnostics import RunFailed
from slac.runtime.instructions import Send
from slac.runtime.links.protocol import Named
from slac.runtime.operator import State
from slac.runtime.troubles.trouble import Trouble


class OnDisk(Protocol):
    """What of a buffer lies on disk; as `Spool`."""

    @property
    def bytes(self) -> int:
        """What is on disk."""

    @property
    def limit(self) -> int:
        """What may be."""

    @property
    def messages(self) -> int:
        """Records on disk."""

    @property
    def refusing(self) -> str:
        """Why it takes no more; empty where it does."""

    @property
    def refusals(self) -> int:
        """How often that began."""

    @property
    def lost(self) -> int:
        """Messages that could not be read back."""


class Buffer(Protocol):
    """What has not been made safe by whom it is for; as `Outbox`."""

    @property
    def added(self) -> int:
        """Bytes of all that was ever to be sent."""

    @property
    def bytes(self) -> int:
        """What is held in memory."""

    @property
    def messages(self) -> int:
        """How many messages that is."""

    @property
    def congested(self) -> bool:
        """Whether nothing more should be read."""

    @property
    def drained(self) -> bool:
        """Whether everything is safe."""

    @property
    def on_disk(self) -> OnDisk | None:
        """What is on disk, where there is a place for it."""

    def marks(self) -> dict[str, int]:
        """The watermark of the newest message held, per stream."""

    def sync(self) -> None:
        """Bring it to the disk; RunFailed where that refuses."""

    def snapshot(self) -> State:
        """All that `restore` needs."""

    def restore(self, state: State) -> None:
        """Take over a snapshot."""


class Sending(Protocol):
    """The sending side of a runtime; as `LinkClient`."""

    troubles: Callable[[], tuple[Trouble, ...]]
    named: Callable[[Named], None]

    @property
    def outbox(self) -> Buffer:
        """What waits."""

    @property
    def welcomed(self) -> bool:
        """Whether all that it sends to answer."""

    @property
    def bytes(self) -> int:
        """Bytes sent and received."""

    @property
    def under_way(self) -> int:
        """Bytes that were sent and not taken."""

    @property
    def failure(self) -> RunFailed | None:
        """Why it cannot go on."""

    @property
    def is_through(self) -> bool:
        """Whether all that there is to send was taken."""

    @property
    def decided(self) -> Literal["begin", "give up"] | None:
        """What became of the change that was spoken of."""

    def speak_of(self, change: str) -> None:
        """Ask, before all else, what became of a change."""

    def start(self) -> None:
        """Dial."""

    async def stop(self) -> None:
        """Hang up."""

    def send(self, send: Send) -> None:
        """Keep a message until it is safe, and send it."""
