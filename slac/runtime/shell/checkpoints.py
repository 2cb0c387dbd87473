"""When a runtime is cut, who writes it down meanwhile, and who may forget what after that.

The core stands still for the cut only; one thread encodes and writes while it goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from slac.diagnostics import RunFailed
from slac.runtime.checkpoint import Cut, Restored, StateDirectory
from slac.runtime.core import Core
from slac.runtime.durable.pieces import cut
from slac.runtime.operator import BEGINNING, State
from slac.runtime.shell.ledger import Ledger
from slac.stream.clock import SECOND, Clock

log = logging.getLogger("slac.runtime")

Marks = Mapping[tuple[str, str], int]
"""By stream and peer, how far what it has sent is in a checkpoint."""


class Kept(Protocol):
    """Something beside the core that has a state of its own."""

    def snapshot(self) -> State:
        """All that `restore` needs."""
        ...

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        ...


class Forgetful(Protocol):
    """Something that keeps what has come in until it is safe."""

    def forget(self, marks: Marks) -> None:
        """Both generations of checkpoints hold what is behind these marks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointStatus:
    """The last checkpoint: its number, when it was taken (µs), the bytes written, and why there is none since."""

    number: int = 0
    taken: int | None = None
    written: int = 0
    trouble: str = ""


class Checkpoints:
    """The checkpoints of one runtime; nothing happens without a `directory`.

    `kept`: what is saved beside the core, by name. `forgetful`: who is told what is safe: a damaged checkpoint gives
    way to the one before it, so only what that one holds too. `free` is held while the core is in a call.
    """

    def __init__(
        self,
        directory: StateDirectory | None,
        core: Core,
        *,
        meaning: str,
        clock: Clock,
        every: int,
        kept: Mapping[str, Kept],
        forgetful: Sequence[Forgetful],
        free: asyncio.Lock,
    ) -> None:
        self.status = CheckpointStatus()
        self.before: Callable[[], None] = lambda: None
        """Brings to the disk what a cut refers to, in the thread that writes; RunFailed where the disk refuses."""
        self.cut_at: Callable[[int], Callable[[], None]] = lambda _: lambda: None
        """Told of the number of a checkpoint at its cut; returns what waits until a log holds what led to it."""
        self.ledger: Ledger | None = None
        """What is done between records: it goes on behind each cut, and is done again behind the one that was read."""
        self._directory = directory
        self._core = core
        self._meaning = meaning
        self._clock = clock
        self._every = every
        self._kept = kept
        self._forgetful = forgetful
        self._free = free
        self._next = clock.now() + every
        self._versions = core.versions
        self._safe: Marks = {}
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")

    def restore(self, handed: Mapping[str, State] | None = None) -> None:
        """Go on from what the directory holds, or from states that were handed over; RunFailed as `read`."""
        if handed is not None:
            self._core.restore(handed, self._clock.now())
            for name in self._kept.keys() & handed.keys():
                self._kept[name].restore(handed[name])
            return
        restored = None if self._directory is None else self._directory.read(self._meaning)
        if restored is not None:
            self._take_over(restored)
        if self.ledger is not None:
            self.ledger.restore(self.status.number)

    def _take_over(self, restored: Restored) -> None:
        now = self._clock.now()
        self._core.restore(restored.states, now)
        for name, part in self._kept.items():
            if name in restored.states:
                part.restore(restored.states[name])
        self.status = CheckpointStatus(number=restored.number, taken=restored.taken)
        self._safe, self._versions = self._marks(), self._core.versions
        log.info("going on from checkpoint %d, taken %.0f s ago", restored.number, (now - restored.taken) / SECOND)

    def is_due(self, now: int) -> bool:
        """Whether a cut should be taken: it is time, or a table has a version that a restart must not forget."""
        is_free = self._writing is None or self._writing.done()
        return self._directory is not None and is_free and (now >= self._next or self._core.versions != self._versions)

    async def take(self) -> None:
        """Cut now, as soon as the one before is written, and write it beside what goes on."""
        await self.settle()
        if self._directory is None:
            return
        async with self._free:
            taken, versions, marks = self._clock.now(), self._core.versions, self._marks()
            beside = {name: part.snapshot() for name, part in self._kept.items()}
            states = await asyncio.to_thread(lambda: cut({**self._core.snapshot(), **beside}))
            logged = self.cut_at(self.status.number + 1)
            if self.ledger is not None:
                self.ledger.cut(self.status.number + 1)
        made = Cut(digest=self._meaning, taken=taken, number=self.status.number + 1, states=states)
        self._next, self._versions = taken + self._every, versions
        self._writing = asyncio.create_task(self._write(self._directory, made, marks, logged), name="checkpoint")

    async def settle(self) -> None:
        """Wait until what was cut is written."""
        task, self._writing = self._writing, None
        if task is not None:
            await task

    async def close(self) -> None:
        """Finish what is being written, and let the thread go."""
        await self.settle()
        self._thread.shutdown(wait=True)

    async def _write(self, directory: StateDirectory, made: Cut, marks: Marks, logged: Callable[[], None]) -> None:
        before = self.status
        try:
            loop = asyncio.get_running_loop()
            written = await loop.run_in_executor(self._thread, self._put_down, directory, made, logged)
        except RunFailed as error:
            self._complain(str(error))
            return
        if before.trouble:
            log.warning("checkpoints are written again: number %d", made.number)
        self.status = CheckpointStatus(number=made.number, taken=made.taken, written=written)
        safe, self._safe = self._safe, marks
        for each in self._forgetful:
            each.forget(safe)
        if self.ledger is not None:
            self.ledger.forget()

    def _put_down(self, directory: StateDirectory, made: Cut, logged: Callable[[], None]) -> int:
        self.before()
        logged()  # senders forget what a checkpoint holds: a log that is to stand in for it must hold it as well
        return directory.write(made)

    def _complain(self, why: str) -> None:
        before = self.status
        self.status = CheckpointStatus(number=before.number, taken=before.taken, written=before.written, trouble=why)
        if not before.trouble:
            log.warning("%s; the run goes on, but a restart would go back to checkpoint %d", why, before.number)

    def _marks(self) -> Marks:
        links = {(s, p): peer.watermark for s, i in self._core.inlets.items() for p, peer in i.peers.items()}
        return links | {(block, ""): source.journalled for block, source in self._core.sources.items()}


class Acknowledging:
    """Tells the senders of links what they may forget."""

    def __init__(self, acknowledge: Callable[[Callable[[str, str], int]], None]) -> None:
        self._acknowledge = acknowledge

    def forget(self, marks: Marks) -> None:
        """Acknowledge what is behind the marks."""
        self._acknowledge(lambda stream, peer: marks.get((stream, peer), BEGINNING))
