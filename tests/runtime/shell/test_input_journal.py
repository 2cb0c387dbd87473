"""Records are on the disk before they are queued, and before anybody is told that they were taken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.durable.journal import Journal, position
from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.instructions import Publish
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.journals import InputJournal
from slac.stream.clock import ManualClock
from slac.stream.ports import Records

DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: kept}
spec:
  events:
    Sample: {payload: {x: float}}
  inputs:
    one: {adapter: http, listen: "127.0.0.1:0", emits: Sample}
  probes:
    first: {from: one, where: x > 0, select: [x]}
  outputs:
    out: {adapter: stdout, from: first}
"""
LIMIT: Final = 2000


class Watched(SegmentFiles):
    """Counts syncs; `full` refuses them."""

    syncs = 0
    full = False

    def sync(self, numbers: Sequence[int]) -> None:
        """As of old, or not."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.syncs += 1
        super().sync(numbers)


def core() -> Core:
    """Of a document with one input that cannot be read again."""
    plan = compile_document(Source("kept.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    return Core(plan.part("all"), now=0, live=True)


def queue_of(core: Core, segments: SegmentFiles, *, refuses: bool = True) -> InputQueue:
    """The input's queue, with its journal; to be made in a running loop."""
    queue = InputQueue(core.sources["one"], can_wait=False, clock=ManualClock(0), wake=asyncio.Event(), limit=0)
    queue.keep_in(InputJournal("one", Journal(segments, LIMIT), refuses=refuses))
    return queue


def record(x: int, size: int = 0) -> Records:
    """An event."""
    line = f'{{"timestamp": 1700000000000, "payload": {{"x": {x}}}}}'.ljust(size) + "\n"
    return Records(source="here", arrival=x, ndjson=line.encode())


def test_many_senders_share_a_sync(tmp_path: Path) -> None:
    """All of them are answered, their records queued in order, each batch with the number of its last record."""
    segments = Watched(tmp_path)

    async def push() -> tuple[list[bool], list[Records]]:
        queue = queue_of(core(), segments)
        await queue.replay()
        taken = await asyncio.gather(*(queue.push(record(x)) for x in range(1, 21)))
        return taken, queue.take(1 << 20)

    taken, (queued,) = asyncio.run(push())

    assert taken == [True] * 20
    assert queued.position == position(20)
    assert queued.ndjson == b"".join(record(x).ndjson or b"" for x in range(1, 21))
    assert 1 <= segments.syncs <= 3


def test_what_no_checkpoint_holds_comes_first(tmp_path: Path) -> None:
    """After a crash the records behind the checkpoint's position are queued, and time does not go on without them."""

    async def run(running: Core, *, new: int) -> list[Records]:
        queue = queue_of(running, SegmentFiles(tmp_path))
        assert not running.sources["one"].promise(1 << 60)
        await queue.replay()
        assert await queue.push(record(new))
        return queue.take(1 << 20)

    first = core()
    first.on_records("one", asyncio.run(run(first, new=1)))
    saved = first.snapshot()
    asyncio.run(run(core(), new=2))
    second = core()
    second.restore(saved, 0)
    queued = asyncio.run(run(second, new=3))

    assert [r.ndjson for r in queued] == [b"".join(record(x).ndjson or b"" for x in (2, 3))]
    assert not second.sources["one"].promise(1 << 60)
    second.on_records("one", queued)
    assert second.sources["one"].journalled == 3
    assert second.sources["one"].promise(1 << 60)


def test_a_disk_that_takes_nothing_refuses_the_senders(tmp_path: Path) -> None:
    """They are counted and told in the status; when the disk takes records again, so does the input."""
    segments = Watched(tmp_path)
    running = core()

    async def push() -> None:
        queue = queue_of(running, segments)
        await queue.replay()
        segments.full = True
        assert not await queue.push(record(1))
        assert queue.trouble == "No space left on device"
        assert not queue.bytes
        segments.full = False
        assert await queue.push(record(2))
        assert not queue.trouble

    asyncio.run(push())
    assert sum(running.sources["one"].gate.counts.dropped.values()) == 1


def test_what_nobody_sends_again_goes_on_in_memory(tmp_path: Path) -> None:
    """A crash loses it, and nothing else: what is on the disk comes again with the ids that it had."""
    segments = Watched(tmp_path)

    async def push(running: Core) -> list[Records]:
        queue = queue_of(running, segments, refuses=False)
        await queue.replay()
        for x in range(1, 7):
            segments.full = x in {2, 3, 5}
            assert await queue.push(replace(record(x), arrival=1_700_000_000_000_000))
            assert bool(queue.trouble) is segments.full
        return queue.take(1 << 20)

    async def replay(running: Core) -> list[Records]:
        queue = queue_of(running, SegmentFiles(tmp_path))
        await queue.replay()
        return queue.take(1 << 20)

    def said(running: Core, records: list[Records]) -> dict[float, int]:
        frames = [i.frame for i in running.on_records("one", records) if isinstance(i, Publish)]
        return {x: i for f in frames for x, i in zip(f["x"], f["_id"], strict=True)}

    first, second = core(), core()
    before = said(first, asyncio.run(push(first)))
    after = said(second, asyncio.run(replay(second)))
    assert list(before) == [1, 2, 3, 4, 5, 6]
    assert after == {x: before[x] for x in (1, 4, 6)}
    assert second.sources["one"].journalled == 3


def test_a_full_journal_refuses_until_a_checkpoint_has_its_records(tmp_path: Path) -> None:
    """What both generations hold is forgotten."""

    async def push() -> None:
        queue = queue_of(core(), SegmentFiles(tmp_path))
        await queue.replay()
        assert [await queue.push(record(x, 800)) for x in (1, 2, 3)] == [True, True, False]
        assert queue.trouble
        journal = queue.journal
        assert journal is not None
        journal.forget({("one", ""): 1})
        await journal.close()
        assert not await queue.push(record(3, 800))
        journal.forget({("one", ""): 2})
        await journal.close()
        assert await queue.push(record(3, 800))

    asyncio.run(push())
