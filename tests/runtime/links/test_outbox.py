"""The sending end of a link keeps what is not yet safe, in memory and behind it on disk."""

import polars as pl
import pytest

from slac.runtime.durable.segments import SegmentMemory
from slac.runtime.instructions import Send
from slac.runtime.links.bodies import from_body
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.spool import Spool
from slac.runtime.operator import BEGINNING

MANY = 1 << 30


def send(watermark: int, rows: int = 1, *, ended: bool = False, stream: str = "s") -> Send:
    """A message with so many rows."""
    frame = pl.DataFrame({"x": range(rows)}) if rows else None
    return Send(stream, "central", frame, watermark, ended=ended)


def marks(box: Outbox, accepted: int) -> list[int]:
    """Watermarks of what would be sent to a receiver that stands there."""
    box.resume({"s": accepted})
    return [h.data.watermark for h in box.take(MANY, MANY)]


def spooled(*, room: int | None = None, limit: int = 1 << 20, share: int = 2_000) -> tuple[Outbox, SegmentMemory]:
    """An outbox that keeps about three small messages in memory, and the disk behind it."""
    disk = SegmentMemory(room)
    box = Outbox(("s",), 4_000, spool=Spool(disk, limit), share=share)
    box.open()
    return box, disk


def test_what_is_acknowledged_goes() -> None:
    """Only what the receiver has in its checkpoint is forgotten."""
    box = Outbox(("s",), limit=1 << 20)
    for mark in (10, 20, 30):
        box.add(send(mark))
    assert marks(box, 0) == [10, 20, 30]

    box.acknowledge({"s": 20})

    assert marks(box, 0) == [30]
    assert not box.drained


def test_a_receiver_that_has_forgotten_what_was_safe_is_named() -> None:
    """It was made of a log that ends too early; one that begins anew is none."""
    box = Outbox(("s",), limit=1 << 20)
    box.acknowledge({"s": 20})

    assert box.forgotten({"s": 19}) == {"s": (19, 20)}
    assert box.forgotten({"s": 20}) == box.forgotten({"s": BEGINNING}) == {}


def test_each_message_is_given_once() -> None:
    """Until a receiver says where it stands, nothing is sent twice."""
    box = Outbox(("s",), limit=1 << 20)
    for mark in (10, 20, 30):
        box.add(send(mark))

    assert [h.data.watermark for h in box.take(2, MANY)] == [10, 20]
    assert [h.data.watermark for h in box.take(2, MANY)] == [30]
    assert box.take(2, MANY) == []


def test_bare_watermarks_do_not_pile_up() -> None:
    """An idle edge with a receiver that is away keeps one of them, and none before rows."""
    box = Outbox(("s",), limit=1 << 20)
    box.add(send(10))
    for mark in range(11, 500):
        box.add(send(mark, rows=0))
    assert marks(box, 0) == [10, 499]

    box.add(send(600))

    assert marks(box, 0) == [10, 600]


def test_a_receiver_that_is_far_behind_congests() -> None:
    """The bound is in bytes; acknowledging relieves it."""
    box = Outbox(("s",), limit=2_000)
    mark = 0
    while not box.congested:
        mark += 1
        box.add(send(mark, rows=50))
    assert len(marks(box, 0)) == mark

    box.acknowledge({"s": mark})

    assert (box.congested, box.bytes, box.drained) == (False, 0, True)


def test_a_restart_sends_again_what_is_wanted() -> None:
    """Messages survive a snapshot byte for byte."""
    box = Outbox(("s",), limit=1 << 20)
    box.add(send(10, rows=3))
    box.add(send(20, rows=2, ended=True))
    again = Outbox(("s",), limit=1 << 20)
    again.restore(box.snapshot())

    again.resume({"s": 10})
    held = again.take(MANY, MANY)

    assert [h.data.ended for h in held] == [True]
    frame = from_body(held[0].body)
    assert frame is not None
    assert frame["x"].to_list() == [0, 1]


def test_what_memory_should_not_hold_is_on_disk_and_comes_in_order() -> None:
    """The oldest are on disk, the newest in memory; a receiver gets all, and what is safe is deleted."""
    box, disk = spooled()
    for mark in range(1, 41):
        box.add(send(mark, rows=20))
    assert box.bytes <= 2_000
    assert not box.congested
    assert disk.numbers()

    assert marks(box, 5) == list(range(6, 41))
    box.acknowledge({"s": 40})

    assert (box.drained, disk.numbers()) == (True, [])


def test_a_full_disk_presses_back_and_recovers(caplog: pytest.LogCaptureFixture) -> None:
    """Memory takes what the disk does not, up to its bound; it is said once, counted, and over when there is room."""
    box, disk = spooled(room=3_000)
    mark = 0
    while not box.congested:
        mark += 1
        box.add(send(mark, rows=20))
        box.retry()
    assert box.spool is not None
    assert (box.spool.refusals, "No space left" in box.spool.refusing) == (1, True)
    assert caplog.text.count("takes no more") == 1

    disk.room = None
    box.retry()

    assert (box.congested, box.spool.refusing) == (False, "")
    assert marks(box, 0) == list(range(1, mark + 1))


def test_a_full_buffer_presses_back() -> None:
    """The document's bound holds as a disk does, and acknowledging makes room."""
    box, disk = spooled(limit=4_000)
    mark = 0
    while not box.congested:
        mark += 1
        box.add(send(mark, rows=20))
    assert sum(disk.size(n) for n in disk.numbers()) <= 4_000
    assert len(marks(box, 0)) == mark

    box.acknowledge({"s": mark // 2})
    box.retry()

    assert (box.congested,) == (False,)
    assert marks(box, mark // 2) == list(range(mark // 2 + 1, mark + 1))


def test_a_snapshot_holds_positions_of_what_is_on_disk() -> None:
    """What was spilled is not in it again, and a restart finds it; what was spilled after it is said again."""
    box, disk = spooled()
    for mark in range(1, 31):
        box.add(send(mark, rows=20))
    box.sync()
    state = box.snapshot()
    assert len(state.values["held"]) == box.messages < 10
    for mark in range(31, 61):
        box.add(send(mark, rows=20))

    again = Outbox(("s",), 4_000, spool=Spool(disk, 1 << 20), share=2_000)
    again.restore(state)

    assert marks(again, 12) == list(range(13, 31))


def test_a_start_without_a_state_begins_with_nothing() -> None:
    """What a former process has left on disk belongs to a run that nobody can go on with."""
    box, disk = spooled()
    for mark in range(1, 31):
        box.add(send(mark, rows=20))
    again = Outbox(("s",), 4_000, spool=Spool(disk, 1 << 20), share=2_000)
    again.open()

    assert (again.drained, disk.numbers()) == (True, [])
