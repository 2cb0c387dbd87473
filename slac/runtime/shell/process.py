"""One runtime as a process: wires adapters, links, checkpoints and the budget around the core, and drives it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Final

from slac.diagnostics import UsageError
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.inspection.desk import Inspection
from slac.runtime.inspection.status import Parts, RuntimeStatus, status_of
from slac.runtime.instructions import Instruction
from slac.runtime.recorder import Logbook, LogMode, Unlogged
from slac.runtime.shell.carrying import Carrying
from slac.runtime.shell.change import Change
from slac.runtime.shell.checkpoints import Acknowledging, Checkpoints, Forgetful, Kept
from slac.runtime.shell.control import STEP
from slac.runtime.shell.ending import Ending
from slac.runtime.shell.gathering import LARGE, Gathering
from slac.runtime.shell.journals import make_journals
from slac.runtime.shell.keeping import Keepers, make_keeping
from slac.runtime.shell.ledger import Ledger
from slac.runtime.shell.quarantine import Quarantine
from slac.runtime.shell.reading import Reading
from slac.runtime.shell.remarks import Remarks
from slac.runtime.shell.settings import RunSettings
from slac.runtime.shell.summary import RunSummary, account_of
from slac.runtime.shell.surroundings import Succession, Surroundings
from slac.runtime.shell.waking import Waking
from slac.runtime.shell.wave import Wave
from slac.runtime.shell.wiring import (
    make_client,
    make_control,
    make_hasher,
    make_inputs,
    make_outputs,
    make_queues,
    make_server,
    make_state_directory,
)
from slac.runtime.trust.trust import make_trust
from slac.shedding.budget import resolve_budget
from slac.shedding.machine import read_machine
from slac.stream.clock import SECOND, Clock, cpu_seconds
from slac.stream.ports import OutputAdapter as Store

_SOON: Final = 0.02
"""Seconds between two looks at a change that is being made."""

log = logging.getLogger("slac.runtime")


class Runtime:
    """Runs what `plan` places on `settings.node`; `costs` are CPU seconds a record by input, for the gate.

    `store` keeps what audits and violations say; `logbook` is the runtime's log.
    """

    def __init__(
        self,
        plan: Plan,
        settings: RunSettings,
        *,
        clock: Clock,
        costs: dict[str, float],
        store: Store | None = None,
        logbook: Logbook | None = None,
        handed: Succession | None = None,
    ) -> None:
        self.settings = settings
        self._plan = plan
        self._part = plan.part(settings.node)
        self._clock = clock
        self._started = clock.now()
        self._live = not settings.once
        self._wake = Waking(self._pause)
        self._stopping = False
        self._budget = resolve_budget(plan.placement(settings.node).budget, read_machine())
        self._keep, self._handed = store is not None, handed
        self._core = self._build_core(self._part)
        self._directory = make_state_directory(plan, settings)
        self._logbook = logbook or Unlogged()
        self._queues = make_queues(self._core.sources, plan, settings, self._budget, clock, self._wake)
        self._journals = make_journals(self._part, self._directory, self._budget)
        for name, journal in self._journals.items():
            self._queues[name].keep_in(journal)
        self._outputs = make_outputs(self._part, settings, store)
        adapters = make_inputs(self._part, settings, clock)
        self._reading = Reading(adapters, self._queues, once=settings.once, wake=self._wake.set)
        self._trust = make_trust(settings.keys, f"{settings.node}/{settings.instance}")
        self._client = make_client(plan, settings, self._budget, clock, self._wake.set, self._trust)
        self._server = make_server(
            plan, settings, self._budget, clock, self._core.accepted, self._wake.set, self._trust
        )
        self._free = asyncio.Lock()
        self._ledger = Ledger(self._core.sources, self._directory)
        self._checkpoints = self._make_checkpoints()
        quarantine = Quarantine(settings.directory / "var" / "quarantine")
        self._carrying = Carrying(self._outputs, self._client, quarantine, self._logbook, self._ledger, clock)
        ends = self._client, self._server
        self._control = make_control(
            self._part, self._queues, costs, self._budget, *ends, self._directory, settings.calibration
        )
        disks = Keepers(self._checkpoints, self._queues, self._client, self._outputs, self._logbook)
        self._keeping = make_keeping(disks, quarantine, self._control, self._core, settings, self._directory)
        self._remarks = Remarks(self._core.sources)
        self._change = self._make_change()
        self._inspection = Inspection(
            self._parts(), self._status, clock=clock, trust=self._trust, changing=self._change
        )
        self._inspection.log_by(self._switch_log)
        self._is_open = False
        self._gathering = Gathering(self._core)
        self._busy = False
        self._ending = Ending(self._core, self._client, clock, kept=self._directory is not None)

    async def run(self) -> RunSummary | Succession:
        """Run until the inputs end (`once`), a signal comes, or another plan takes over.

        A SlacError says why it could not go on.
        """
        self._catch_signals()
        if self._directory is not None:
            self._directory.open()
        try:
            self._checkpoints.restore(self._handed.states if self._handed is not None else None)
            if self._change.resume():
                await self._settle_doubt()
            if self._change.succession is None and not self._stopping:
                self._begin_log()
                await self._start()
                await self._loop()
            return self._change.outcome or await self._finish()
        finally:
            await self._close()

    def _begin_log(self) -> None:
        base = -1 if self._handed is not None and self._handed.states else self._checkpoints.status.number
        self._logbook.begin(self._core.flow, live=self._live, start=self._core.start, restored=base, now=self._started)
        self._logbook.meet(self._server, self._client)
        self._checkpoints.cut_at, self._control.decided = self._logbook.saved, self._logbook.decided

    async def _switch_log(self, mode: LogMode) -> None:
        async with self._free:
            # It may have to write down what all blocks hold.
            await asyncio.to_thread(self._logbook.switch, mode, self._clock.now())

    def _build_core(self, part: Plan) -> Core:
        hasher = make_hasher(part, self.settings)
        now, expect = self._clock.now(), self.settings.expect
        return Core(part, now=now, live=self._live, expect=expect, keep=self._keep, hasher=hasher, timer=cpu_seconds)

    def _make_change(self) -> Change:
        around = Surroundings(
            plan=self._plan,
            settings=self.settings,
            core=self._core,
            build=self._build_core,
            directory=self._directory,
            outputs=self._outputs,
            queues=self._queues,
            client=self._client,
            clock=self._clock,
            free=self._free,
            wake=self._wake.set,
            carry_out=self._carrying.out,
            written=self._checkpoints.settle,
            number=lambda: self._checkpoints.status.number,
            handed=self._handed.change if self._handed is not None else "",
        )
        change = Change(around)
        if self._server is not None:
            self._server.begun = change.begun
        return change

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)

    def stop(self) -> None:
        """Take nothing more in, work off what is queued, write a checkpoint and end; open windows stay open."""
        self._stopping = True
        self._change.stop()
        for queue in self._queues.values():
            queue.stop()
        self._wake.set()

    def _parts(self) -> Parts:
        return Parts(
            plan=self._part,
            settings=self.settings,
            core=self._core,
            queues=self._queues,
            outputs=self._outputs,
            client=self._client,
            server=self._server,
            budget=self._budget,
            started=self._started,
            logbook=self._logbook,
        )

    async def _status(self) -> RuntimeStatus:
        async with self._free:
            reading, last, now = self._control.reading, self._checkpoints.status, self._clock.now()
            return status_of(self._parts(), now=now, reading=reading, checkpoint=last, keeping=self._keeping)

    def _make_checkpoints(self) -> Checkpoints:
        beside: dict[str, Kept] = {f"output:{n}": worker for n, worker in self._outputs.items()}
        if self._client is not None:
            beside["outbox"] = self._client.outbox
        told: list[Forgetful] = [*self._journals.values()]
        told += [Acknowledging(self._server.acknowledge)] if self._server is not None else []
        made = Checkpoints(
            self._directory,
            self._core,
            meaning=self._plan.meaning,
            clock=self._clock,
            every=self._plan.data.checkpoint,
            kept=beside,
            forgetful=told,
            free=self._free,
        )
        made.ledger = self._ledger
        if self._client is not None:
            made.before = self._client.outbox.sync
            self._client.troubles = self._core.known_troubles
        return made

    async def _start(self) -> None:
        if self.settings.once and self._queues and not any(q.source.node.can_wait for q in self._queues.values()):
            names = ", ".join(self._queues)
            raise UsageError(f"--once reads inputs to their end, and none of these ever ends: {names}")
        self._control.step(self._clock.now())  # a first pace, before a file can flood its queue
        for worker in self._outputs.values():
            await worker.start()
        await self._open_control()
        if self._server is not None:
            await self._server.start()
            if self._directory is None:
                self._server.acknowledge(self._core.accepted)  # each sign of life is answered with it from now on
        if self._client is not None:
            self._client.start()
        self._go_on_with(self._handed)
        self._reading.start()

    async def _settle_doubt(self) -> None:
        """Before anything else it must be known which plan runs."""
        await self._open_control()
        if self._client is not None:
            self._client.start()
        while self._change.is_paused and not self._stopping and self._change.succession is None:
            await self._wait(self._clock.now() + SECOND)
            self._change.hear(self._client)

    async def _open_control(self) -> None:
        if not self._is_open:
            self._is_open = True
            if self._trust is not None:
                self._trust.door.start()
            await self._inspection.start()

    def _go_on_with(self, handed: Succession | None) -> None:
        """Records that came in under the plan before, and were not worked off."""
        for name, records in handed.records.items() if handed is not None else ():
            if name in self._queues:
                self._queues[name].go_on_with(records)

    async def _loop(self) -> None:
        next_control = next_tick = self._clock.now()
        while not self._over():
            await self._wait(min(next_control, next_tick))
            await self._change.step()
            await self._work()
            now = self._clock.now()
            next_control = min(next_control, now + STEP) if self._busy else next_control
            if now >= next_control:
                self._control.step(now)
                self._press_back()
                next_control, self._busy = now + (STEP if self._busy else SECOND), False
            if self._change.is_paused:
                continue
            if now >= next_tick:
                await self._tick(now)
                next_tick = min(now + SECOND, max(self._core.next_wake() or now + SECOND, now + SECOND // 100))
            has_just_ended = self._core.finished and self._ending.finished_at is None
            if has_just_ended:
                await self._checkpoints.take()
                await self._checkpoints.take()  # both generations hold the end: senders may forget all
                await self._checkpoints.settle()
                self._ending.finished_at = now
            elif self._checkpoints.is_due(now):
                await self._checkpoints.take()

    def _over(self) -> bool:
        if self._reading.failure is not None:
            raise self._reading.failure
        if self._client is not None and self._client.failure is not None:
            raise self._client.failure
        if self._change.outcome is not None:
            return True
        if self._stopping:
            return not any(q.bytes for q in self._queues.values())
        return self._core.finished and self._ending.is_over()

    async def _wait(self, until: int) -> None:
        timeout = max((until - self._clock.now()) / SECOND, 0.0)
        timeout = min(timeout, _SOON) if self._change.is_paused else timeout
        await self._wake.wait(timeout)

    def _pause(self) -> float:
        """Seconds for which what has come waits for more."""
        if not self._live or self._stopping:
            return 0.0
        waiting, peers = sum(q.pressing for q in self._queues.values()), self._server.peers() if self._server else ()
        return self._gathering.pause(self._clock.now(), waiting=waiting, peers=len(peers))

    async def _work(self) -> None:
        wave, now = Wave(self._core), self._clock.now()
        if self._change.is_frozen:
            return
        if not self._change.is_paused and wave.take_inputs(self._queues, end=not self._stopping):
            self._wake.set()
        if self._server is not None:
            wave.take_links(self._server.take(), now)
        if not wave:
            return
        self._busy |= wave.size > 0
        await self._in_core(lambda: wave.carry(now), wave.size)
        self._gathering.cost = (self._clock.now() - now) / SECOND
        self._gathering.look()
        if self._server is not None and self._directory is None and not self._live:
            self._server.acknowledge(self._core.accepted)

    async def _tick(self, now: int) -> None:
        self._core.troubles.own = self._keeping.look(now)
        await self._in_core(lambda: self._core.on_tick(now), 0)
        self._remarks.look()

    async def _in_core(self, call: Callable[[], list[Instruction]], size: int) -> None:
        """The core is only ever in one call; a large one leaves the event loop free."""
        async with self._free:
            self._core.flow.is_lean = not self._inspection.is_watched
            if size >= LARGE:
                instructions = await asyncio.get_running_loop().run_in_executor(None, call)
            else:
                instructions = call()
        self._carrying.out(instructions)

    def _press_back(self) -> None:
        congested = any(o.congested for o in self._outputs.values())
        congested = congested or (self._client is not None and self._client.outbox.congested)
        for queue in self._queues.values():
            if not self._stopping:
                queue.hold(held=congested or self._control.refusing)

    async def _finish(self) -> RunSummary:
        await self._reading.stop()
        for worker in self._outputs.values():
            await worker.stop(patience=5.0)
        await self._checkpoints.settle()
        before = self._checkpoints.status.number
        await self._checkpoints.take()  # what was published is no longer waiting
        await self._checkpoints.settle()
        self._remarks.look()
        return RunSummary(
            document=self._plan.document,
            node=self.settings.node,
            instance=self.settings.instance,
            seconds=(self._clock.now() - self._started) / SECOND,
            **account_of(self._core),
            published={n: w.published for n, w in self._outputs.items()},
            checkpoints=self._checkpoints.status.number,
            usage=self._control.usage,
            unpublished={n: w.waiting for n, w in self._outputs.items() if w.waiting},
            kept=self._checkpoints.status.number > before,
        )

    async def _close(self) -> None:
        for worker in self._outputs.values():
            await worker.stop(patience=0.0)
        await self._reading.stop()
        for end in (self._client, self._server):
            if end is not None:
                await end.stop()
        await self._inspection.stop()
        if self._trust is not None:
            self._trust.door.stop()
        await self._checkpoints.close()
        await asyncio.to_thread(self._logbook.close)
        for journal in self._journals.values():
            await journal.close()
        if self._directory is not None:
            self._directory.close()
