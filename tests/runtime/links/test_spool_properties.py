"""Whatever happens to either end of a link, the receiver gets every message once, in order."""

from dataclasses import dataclass, field

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.durable.segments import SegmentMemory
from slac.runtime.instructions import Send
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.spool import Spool
from slac.runtime.operator import State

STREAMS = ("a", "b")
MANY = 1 << 30

op = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(STREAMS), st.integers(0, 60)),
    st.tuples(st.just("add"), st.sampled_from(STREAMS), st.integers(0, 60)),
    st.tuples(st.just("send"), st.integers(1, 12)),
    st.tuples(st.just("receiver keeps")),
    st.tuples(st.just("receiver dies")),
    st.tuples(st.just("sender keeps")),
    st.tuples(st.just("sender dies"), st.integers(0, 400)),
    st.tuples(st.just("disk"), st.sampled_from([None, 0, 1_500, 6_000])),
)


@dataclass
class Receiver:
    """Takes what is new, in order; what it has kept in both its checkpoints may be forgotten by the sender."""

    accepted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STREAMS, 0))
    kept: list[dict[str, int]] = field(default_factory=lambda: [dict.fromkeys(STREAMS, 0)] * 2)
    rows: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: {s: [] for s in STREAMS})

    def take(self, stream: str, mark: int, body: bytes) -> None:
        """A message: rows that are new, or a repeat, or a bare watermark."""
        if mark <= self.accepted[stream]:
            return
        self.accepted[stream] = mark
        if body:
            self.rows[stream].append((mark, body))

    def die(self) -> None:
        """Back to the last checkpoint."""
        self.accepted = dict(self.kept[-1])
        self.rows = {s: [r for r in rows if r[0] <= self.accepted[s]] for s, rows in self.rows.items()}


class Story:
    """A sender whose core makes the same messages again from its checkpoint on, a receiver, and a disk between."""

    def __init__(self) -> None:
        self.disk = SegmentMemory()
        self.made: dict[str, list[int]] = {s: [] for s in STREAMS}
        self.receiver = Receiver()
        self.box = self.fresh()
        self.box.open()
        self.state: State | None = None
        self.kept = dict.fromkeys(STREAMS, 0)
        self.done = dict.fromkeys(STREAMS, 0)

    def fresh(self) -> Outbox:
        """An outbox that keeps about three messages in memory."""
        return Outbox(STREAMS, 1 << 30, spool=Spool(self.disk, 12_000), share=1_500)

    def add(self, stream: str) -> None:
        """The next message of a stream, as it was decided when it was first made."""
        self.done[stream] += 1
        mark = self.done[stream]
        rows = self.made[stream][mark - 1]
        self.box.add(Send(stream, "r", pl.DataFrame({"x": range(rows)}) if rows else None, mark))

    def send(self, count: int) -> None:
        """The receiver gets what is next."""
        for held in self.box.take(count, MANY):
            self.receiver.take(held.data.stream, held.data.watermark, held.body)

    def play(self, step: tuple) -> None:  # type: ignore[type-arg]
        """One thing that happens."""
        match step:
            case "add", stream, rows:
                if self.done[stream] == len(self.made[stream]):
                    self.made[stream].append(rows)
                self.add(stream)
            case "send", count:
                self.send(count)
            case ("receiver keeps",):
                self.receiver.kept = [self.receiver.kept[-1], dict(self.receiver.accepted)]
                self.box.acknowledge(self.receiver.kept[0])
            case ("receiver dies",):
                self.receiver.die()
                self.box.resume(self.receiver.accepted)
            case ("sender keeps",):
                self.state, self.kept = self.box.snapshot(), dict(self.done)
                self.box.sync()
            case "sender dies", torn:
                self.disk.crash(torn)
                self.box, self.done = self.fresh(), dict(self.kept)
                if self.state is None:
                    self.box.open()
                else:
                    self.box.restore(self.state)
                self.box.resume(self.receiver.accepted)
            case "disk", room:
                self.disk.room = room
                self.box.retry()

    def end(self) -> None:
        """The sender makes all that it ever made, and the receiver gets it, keeps it twice, and says so."""
        self.disk.room = None
        for stream in STREAMS:
            while self.done[stream] < len(self.made[stream]):
                self.add(stream)
        self.box.resume(self.receiver.accepted)
        self.send(MANY)
        self.box.acknowledge(self.receiver.accepted)


@given(st.lists(op, max_size=60))
def test_every_message_arrives_once_in_order(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    """Crashes of either end with torn tails, a full disk: nothing is missing, twice, or out of order."""
    story = Story()
    for step in steps:
        story.play(step)
    story.end()

    for stream in STREAMS:
        expected = [mark for mark, rows in enumerate(story.made[stream], 1) if rows]
        assert [mark for mark, _ in story.receiver.rows[stream]] == expected
    assert story.box.drained
    assert story.disk.numbers() == []
    assert story.box.bytes == 0
