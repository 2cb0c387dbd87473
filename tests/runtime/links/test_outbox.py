"""The sending end of a link keeps what is not yet safe."""

import polars as pl

from slac.runtime.instructions import Send
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import from_body


def send(watermark: int, rows: int = 1, *, ended: bool = False) -> Send:
    """A message with so many rows."""
    frame = pl.DataFrame({"x": range(rows)}) if rows else None
    return Send("s", "central", frame, watermark, ended=ended)


def marks(box: Outbox, accepted: int) -> list[int]:
    """Watermarks of what would be sent to a receiver that stands there."""
    return [h.data.watermark for h in box.resume({"s": accepted})]


def test_what_is_acknowledged_goes() -> None:
    """Only what the receiver has in its checkpoint is forgotten."""
    box = Outbox(("s",), limit=1 << 20)
    for mark in (10, 20, 30):
        box.add(send(mark))

    box.acknowledge({"s": 20})

    assert marks(box, 0) == [30]
    assert not box.drained


def test_bare_watermarks_do_not_pile_up() -> None:
    """An idle edge with a receiver that is away keeps one of them."""
    box = Outbox(("s",), limit=1 << 20)
    box.add(send(10))
    for mark in range(11, 500):
        box.add(send(mark, rows=0))

    assert marks(box, 0) == [10, 499]


def test_a_receiver_that_is_far_behind_congests() -> None:
    """The bound is in bytes; acknowledging relieves it."""
    box = Outbox(("s",), limit=2_000)
    mark = 0
    while not box.congested:
        mark += 1
        box.add(send(mark, rows=50))

    box.acknowledge({"s": mark})

    assert (box.congested, box.bytes, box.drained) == (False, 0, True)


def test_a_restart_sends_again_what_is_wanted() -> None:
    """Messages survive a snapshot byte for byte."""
    box = Outbox(("s",), limit=1 << 20)
    box.add(send(10, rows=3))
    box.add(send(20, rows=2, ended=True))
    again = Outbox(("s",), limit=1 << 20)
    again.restore(box.snapshot())

    held = list(again.resume({"s": 10}))

    assert [h.data.ended for h in held] == [True]
    frame = from_body(held[0].body)
    assert frame is not None
    assert frame["x"].to_list() == [0, 1]
