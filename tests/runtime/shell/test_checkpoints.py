"""A runtime goes on while its checkpoint is written, and nobody forgets anything before both generations hold it."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import cast

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import RunFailed, Source
from slac.runtime.checkpoint import Cut, StateDirectory
from slac.runtime.core import Core
from slac.runtime.durable.journal import position
from slac.runtime.shell.checkpoints import Checkpoints, Marks
from slac.stream.clock import SECOND, ManualClock
from slac.stream.ports import Records
from tests.runtime.shell.test_input_journal import DOCUMENT

HELD = ("one", "")


class Slow(StateDirectory):
    """Writes only when `go` is set; fails while `full`."""

    full = False

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.go = threading.Event()

    def write(self, cut: Cut) -> int:
        """In its own time."""
        assert self.go.wait(60)
        if self.full:
            raise RunFailed("the checkpoint could not be written: No space left on device")
        return super().write(cut)


class Told:
    """Remembers what is said to be safe."""

    def __init__(self) -> None:
        self.safe: list[int] = []

    def forget(self, marks: Marks) -> None:
        """Take note."""
        self.safe.append(marks.get(HELD, 0))


def core() -> Core:
    """Of a document with an input that has a journal."""
    plan = compile_document(Source("kept.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    return Core(plan.part("all"), now=0, live=True)


def records(number: int) -> Records:
    """One event, the `number`th of its journal."""
    line = f'{{"timestamp": 1700000000000, "payload": {{"x": {number}}}}}\n'.encode()
    return Records(source="here", arrival=number, ndjson=line, position=position(number))


def made(directory: StateDirectory, running: Core, clock: ManualClock, told: Told) -> Checkpoints:
    """Checkpoints every 10 s; to be made in a running loop."""
    return Checkpoints(
        directory, running, meaning="d", clock=clock, every=10 * SECOND, kept={}, forgetful=[told], free=asyncio.Lock()
    )


def test_the_core_goes_on_while_it_is_written(tmp_path: Path) -> None:
    """What comes in meanwhile is not in it; nothing is safe before the next one is written too."""
    directory, running, clock, told = Slow(tmp_path), core(), ManualClock(0), Told()
    directory.open()

    async def run() -> None:
        checkpoints = made(directory, running, clock, told)
        assert not checkpoints.is_due(9 * SECOND)
        assert checkpoints.is_due(10 * SECOND)
        running.on_records("one", [records(1)])
        clock.advance(10 * SECOND)
        await checkpoints.take()
        running.on_records("one", [records(2)])
        assert checkpoints.status.number == 0
        assert not checkpoints.is_due(60 * SECOND)  # one at a time
        directory.go.set()
        await checkpoints.settle()
        assert (checkpoints.status.number, checkpoints.status.taken, told.safe) == (1, 10 * SECOND, [0])
        await checkpoints.take()
        await checkpoints.settle()
        assert (checkpoints.status.number, told.safe) == (2, [0, 1])
        await checkpoints.close()

    asyncio.run(run())
    (directory.directory / "checkpoint").unlink()
    fresh = core()
    restored = directory.read("d")
    assert restored is not None
    fresh.restore(restored.states, 0)
    assert fresh.sources["one"].journalled == 1
    directory.close()


def test_nothing_is_safe_before_the_log_holds_it(tmp_path: Path) -> None:
    """A log that is to stand in for a checkpoint is written first, in the thread that writes the checkpoint."""
    directory, told, logged = StateDirectory(tmp_path), Told(), threading.Event()
    directory.open()

    async def run() -> None:
        checkpoints = made(directory, core(), ManualClock(0), told)
        checkpoints.cut_at = lambda _: lambda: cast("None", logged.wait())
        await checkpoints.take()
        assert (directory.read("d"), told.safe) == (None, [])
        logged.set()
        await checkpoints.settle()
        assert checkpoints.status.number == 1
        await checkpoints.close()

    asyncio.run(run())
    directory.close()


def test_a_full_disk_is_told_once_and_recovered_from(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on, nothing becomes safe, and the status says why."""
    directory, told = Slow(tmp_path), Told()
    directory.go.set()
    directory.open()

    async def run() -> None:
        checkpoints = made(directory, core(), ManualClock(0), told)
        directory.full = True
        for _ in range(3):
            await checkpoints.take()
            await checkpoints.settle()
        assert checkpoints.status.trouble.endswith("No space left on device")
        assert (checkpoints.status.number, told.safe) == (0, [])
        directory.full = False
        await checkpoints.take()
        await checkpoints.settle()
        assert (checkpoints.status.number, checkpoints.status.trouble, told.safe) == (1, "", [0])
        await checkpoints.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    directory.close()
    assert [r.message.split(":")[0] for r in caplog.records] == [
        "the checkpoint could not be written",
        "checkpoints are written again",
    ]
