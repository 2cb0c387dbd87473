"""When a run that reads its inputs to their end may end: everybody has what they need of it."""

from __future__ import annotations

from typing import Final

from slac.diagnostics import RunFailed
from slac.runtime.core import Core
from slac.runtime.links.sending import Sending
from slac.stream.clock import SECOND, Clock

UNCONFIRMED: Final = 60 * SECOND
"""For how long (µs) a runtime that has read everything waits for a receiver that is not there."""
FAREWELL: Final = 10 * SECOND
"""For how long (µs) a runtime that has everything waits for a sender that neither says goodbye nor anything else."""


class Ending:
    """The end of one runtime; `finished_at` (µs) is set by its owner. `kept`: a state directory has what is unsent."""

    def __init__(self, core: Core, client: Sending | None, clock: Clock, *, kept: bool) -> None:
        self.finished_at: int | None = None
        self._core = core
        self._client = client
        self._clock = clock
        self._kept = kept
        self._waiting_since: int | None = None

    def is_over(self) -> bool:
        """Whether nobody waits for anything; RunFailed when a receiver stays away although all has been read."""
        return (self._client is None or self._delivered(self._client)) and self._dismissed()

    def _dismissed(self) -> bool:
        """Whether every sender knows that all it sent is safe: it says goodbye then. One that is not heard is gone."""
        if self.finished_at is None:
            return False
        since = self._clock.now() - FAREWELL
        peers = (peer for inlet in self._core.inlets.values() for peer in inlet.peers.values())
        return all(peer.left or max(peer.heard, self.finished_at) < since for peer in peers)

    def _delivered(self, client: Sending) -> bool:
        if client.outbox.drained:
            return True
        now = self._clock.now()
        if client.welcomed or self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since > UNCONFIRMED:
            kept = "it is kept in the state directory" if self._kept else "it is lost"
            raise RunFailed(
                f"all input has been read, but the receiving runtime did not confirm all of it within "
                f"{UNCONFIRMED // SECOND} s; {kept}"
            )
        return False
