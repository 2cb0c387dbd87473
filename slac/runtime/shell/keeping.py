"""What a runtime should write down and cannot, because a disk refuses: it goes on in memory, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from slac.runtime.checkpoint import StateDirectory
from slac.runtime.core import Core
from slac.runtime.links.sending import Sending
from slac.runtime.recorder import Logbook
from slac.runtime.recording import STORE
from slac.runtime.shell.checkpoints import Checkpoints
from slac.runtime.shell.control import Control
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.measuring import Measuring
from slac.runtime.shell.outputs import OutputWorker
from slac.runtime.shell.quarantine import Quarantine
from slac.runtime.shell.settings import RunSettings
from slac.runtime.troubles.trouble import LONGEST, NOT_KEPT, Trouble

CHECKPOINT: Final = "checkpoint"


@dataclass(frozen=True, slots=True)
class Keepers:
    """All of one runtime that writes to disks; each says itself what is wrong with it."""

    checkpoints: Checkpoints
    queues: Mapping[str, InputQueue]
    client: Sending | None
    outputs: Mapping[str, OutputWorker]
    log: Logbook

    def trouble(self, quarantine: Quarantine, control: Control) -> Iterator[tuple[str, str]]:
        """What is not kept, and why, in a sentence without full stop."""
        if why := self.checkpoints.status.trouble:
            yield CHECKPOINT, why
        for name, queue in self.queues.items():
            if queue.trouble:
                yield f"journal {name}", f"the journal of input {name} takes no more: {queue.trouble}"
        spool = self.client.outbox.on_disk if self.client is not None else None
        if spool is not None and spool.refusing:
            yield "link", f"the buffer of the link takes no more: {spool.refusing}; what is to be sent waits in memory"
        store = self.outputs.get(STORE)
        if store is not None and store.trouble:
            yield "store", f"the store takes no more: {store.trouble}; {store.waiting} rows wait"
        if why := self.log.status.trouble:
            yield "log", f"the log takes no more: {why}"
        if why := quarantine.trouble:
            yield "quarantine", f"records that were refused are not kept: {why}"
        if why := control.trouble or (self.checkpoints.ledger.trouble if self.checkpoints.ledger is not None else ""):
            yield "gate", f"decisions of the gate are not recorded: {why}"


class Keeping:
    """Since when each of these is so, of one runtime; and what it measures of itself, which may be a trouble, too."""

    def __init__(
        self, trouble: Callable[[], Iterator[tuple[str, str]]], settings: RunSettings, measuring: Measuring
    ) -> None:
        self.now: tuple[Trouble, ...] = ()
        self.measuring = measuring
        self._trouble = trouble
        self._node, self._instance = settings.node, settings.instance

    def look(self, now: int) -> tuple[Trouble, ...]:
        """All that is not kept at `now` (µs), and how far the model is off."""
        since = {t.what: t.since for t in self.now}
        self.now = tuple(self._told(what, why, since.get(what, now)) for what, why in self._trouble())
        return (*self.now, *self.measuring.look(now))

    def sentences(self) -> list[str]:
        """Why what has come in would not survive a crash, or is refused: as it is at this moment."""
        return [why for _, why in self._trouble()]

    def _told(self, what: str, why: str, since: int) -> Trouble:
        return Trouble(
            block=NOT_KEPT,
            node=self._node,
            instance=self._instance,
            what=what,
            since=since,
            reason="full" if "No space" in why or "full" in why else "refused",
            message=why[:LONGEST],
        )


def make_keeping(
    keepers: Keepers,
    quarantine: Quarantine,
    control: Control,
    core: Core,
    settings: RunSettings,
    directory: StateDirectory | None,
) -> Keeping:
    """What a runtime looks at of itself: what it cannot write down, and what it measures."""
    measuring = Measuring(core, settings, None if directory is None else directory.directory)
    return Keeping(lambda: keepers.trouble(quarantine, control), settings, measuring)
