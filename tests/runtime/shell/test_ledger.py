"""After a crash, what inputs did between their records is done again at its places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.runtime.checkpoint import StateDirectory
from slac.runtime.core import Core
from slac.runtime.durable.deeds import DeedFiles
from slac.runtime.durable.journal import position
from slac.runtime.instructions import Instruction, Publish
from slac.runtime.operator import State
from slac.runtime.repeating import PATIENCE, Deed
from slac.runtime.shell.ledger import Ledger
from slac.runtime.source import Source
from slac.stream.clock import SECOND
from slac.stream.ports import Records

START = 1_700_000_000 * SECOND
TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {took: int}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check, idle: 2s, shed: approximate}}
  computations:
    services:
      from: checks
      by: service
      window: tumbling 5s
      select: [{n: COUNT(*)}, {sum: SUM(took)}]
  violations: {any: {from: services, where: n > 0, by: service}}
  outputs: {told: {adapter: stdout, from: [services, any]}}
"""
PLAN = compile_document(Text("shop.yaml", TEXT)).plan
FILE = compile_document(
    Text("shop.yaml", TEXT.replace('adapter: http, listen: "127.0.0.1:8090"', "adapter: file, path: c.ndjson, lag: 1m"))
).plan

Said = dict[tuple[str, int, int], tuple[Any, ...]]


def record(at: int, took: int, number: int, source: str = "peer") -> Records:
    """A check at a time (µs), as a journal gives it."""
    event = {"timestamp": at // 1000, "payload": {"took": took}, "context": {"service": "ab"[took % 2]}}
    return Records(source=source, arrival=at, ndjson=orjson.dumps(event) + b"\n", position=position(number))


@dataclass
class World:
    """A runtime without its shell, with the disk that outlives it; `journal` says what it had taken."""

    place: Path
    now: int = START
    journal: list[Records] = field(default_factory=list)
    said: list[Publish] = field(default_factory=list)
    saved: tuple[int, dict[str, State], int] | None = None
    number: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A process starts, from the last checkpoint."""
        self.core = Core(PLAN, now=self.now, live=True)
        self.ledger = Ledger(self.core.sources, StateDirectory(self.place))
        if self.saved is not None:
            self.core.restore(self.saved[1], self.now)
        self.ledger.restore(0 if self.saved is None else self.saved[0])

    @property
    def source(self) -> Source:
        """The input."""
        return self.core.sources["checks"]

    def out(self, instructions: list[Instruction]) -> None:
        """As the shell carries them out."""
        self.ledger.keep(instructions)
        self.said += [i for i in instructions if isinstance(i, Publish)]

    def give(self, lag: int, took: int) -> None:
        """A check comes, as old as `lag` (µs)."""
        self.journal.append(record(self.now - lag, took, len(self.journal) + 1))
        self.out(self.core.on_records("checks", self.journal[-1:]))

    def wait(self, seconds: int) -> None:
        """Time goes by."""
        for _ in range(seconds):
            self.now += SECOND
            self.out(self.core.on_tick(self.now))

    def decide(self, fraction: float) -> None:
        """The gate lets so much through."""
        source = self.source
        source.deeds.decided(source.gate.set_admission(fraction, "cpu", source.positions, at=self.now))

    def save(self) -> None:
        """A checkpoint."""
        self.number += 1
        self.saved = (self.number, self.core.snapshot(), len(self.said))
        self.ledger.cut(self.number)
        self.ledger.forget()

    def crash(self, slices: list[int]) -> tuple[Said, Said]:
        """A restart reads the journal again, in slices; what had been said since the checkpoint, and is said again."""
        before = rows(self.said[0 if self.saved is None else self.saved[2] :])
        count = len(self.said)
        self.begin()
        done = self.source.positions.get("peer", 0)
        self.source.awaited = len(self.journal)
        left = self.journal[done:]
        while left:
            size = slices.pop() if slices else len(left)
            some, left = left[:size], left[size:]
            together = replace(some[-1], ndjson=b"".join(r.ndjson or b"" for r in some))
            self.out(self.core.on_records("checks", [together]))
        self.out(self.core.on_tick(self.now))
        return before, rows(self.said[count:])


def rows(said: list[Publish]) -> Said:
    """What was published, by block, id and revision."""
    found: Said = {}
    for each in said:
        for row in each.frame.iter_rows(named=True):
            key = each.block, row["_id"], row.get("_revision") or 0
            told = tuple((k, v) for k, v in sorted(row.items()) if v is not None)
            assert found.setdefault(key, told) == told
    return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 9)),
        st.tuples(st.just("decide"), st.sampled_from([1.0, 0.5, 0.25])),
        st.tuples(st.just("save")),
        st.tuples(st.just("crash"), st.lists(st.integers(1, 4), max_size=8)),
    ),
    min_size=4,
    max_size=40,
)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_a_crash_anywhere_changes_nothing_that_was_said(steps: list[tuple[Any, ...]]) -> None:
    """Late or thinned out before, late or thinned out after: all that was published comes again as it was."""
    with TemporaryDirectory() as place:
        world = World(Path(place))
        for name, *given_ in [*steps, ("wait", 9), ("crash", [])]:
            match name:
                case "give":
                    world.give(given_[0] * SECOND, given_[1])
                case "crash":
                    before, again = world.crash(list(given_[0]))
                    assert before.items() <= again.items()
                case _:
                    getattr(world, name)(*given_)


def test_what_was_late_is_late_again(tmp_path: Path) -> None:
    """A promise had closed a window, then came a row of it: the window is not said anew with it."""
    world = World(tmp_path)
    world.save()
    world.give(0, 1)
    world.wait(9)
    world.give(9 * SECOND, 1)
    assert world.source.late == 1
    before, again = world.crash([])

    assert world.source.late == 1
    assert before == again != {}


def test_without_what_was_done_it_would_not_be(tmp_path: Path) -> None:
    """The same without its ledger: the late row would be on time, and the window another one."""
    world = World(tmp_path)
    world.give(0, 1)
    world.wait(9)
    world.give(9 * SECOND, 1)
    DeedFiles(tmp_path / "deeds").forget(1)
    world.saved = None
    world.begin()
    world.out(world.core.on_records("checks", world.journal))

    assert world.source.late == 0


def test_a_gate_decides_nothing_new_about_what_comes_again(tmp_path: Path) -> None:
    """Until the last record has come again; then what was decided for the end of it holds, and a new one may follow."""
    world = World(tmp_path)
    world.give(0, 1)
    world.decide(0.25)
    world.give(0, 1)
    world.wait(9)
    world.begin()

    assert bool(world.source.is_repeating)
    assert world.source.gate.fraction == 1.0
    world.out(world.core.on_records("checks", world.journal))
    assert not world.source.is_repeating
    assert world.source.gate.fraction == 0.25


def test_what_is_still_due_is_in_a_checkpoint(tmp_path: Path) -> None:
    """A second crash, behind a checkpoint that was cut while records came again."""
    world = World(tmp_path)
    world.give(0, 1)
    world.decide(0.25)
    world.give(0, 1)
    world.wait(9)
    world.begin()
    world.save()
    world.save()
    world.begin()
    world.out(world.core.on_records("checks", world.journal))

    assert world.source.gate.fraction == 0.25


def test_records_that_do_not_come_again_are_not_awaited_for_ever(tmp_path: Path) -> None:
    """What a journal does not hold any more is passed over with its last record, and otherwise after a time."""
    for awaited in (1, 0):
        world = World(tmp_path / str(awaited))
        world.give(0, 1)
        world.give(0, 1)
        world.decide(0.25)
        world.wait(9)
        world.begin()
        world.source.awaited = awaited
        world.out(world.core.on_records("checks", world.journal[:1]))
        assert bool(world.source.is_repeating)
        world.source.has_waiting = lambda: True
        if awaited:
            world.out(world.core.on_records("checks", [record(world.now, 1, 2, source="other")]))
        else:
            world.core.on_tick(world.now)
            world.core.on_tick(world.now + PATIENCE + 1)
        assert not world.source.is_repeating
        assert world.source.gate.fraction == 0.25


def test_how_far_a_file_had_been_read_is_told_with_what_is_said(tmp_path: Path) -> None:
    """No journal knows it, and nothing new is decided before it has been read again."""
    core = Core(FILE, now=START, live=True)
    ledger = Ledger(core.sources, StateDirectory(tmp_path))
    for number in (1, 2):
        ledger.keep(core.on_records("checks", [record(START + number * 9 * SECOND, 1, 0)]))
    again = Core(FILE, now=START, live=True)
    Ledger(again.sources, StateDirectory(tmp_path)).restore(0)

    assert list(again.sources["checks"].deeds.due) == [Deed(input="checks", positions={"peer": 2})]


def test_a_torn_line_is_passed_over_and_what_follows_is_whole(tmp_path: Path) -> None:
    """A crash amid a write; the next process goes on behind it, and what no checkpoint needs is removed."""
    files = DeedFiles(tmp_path)
    files.append([Deed(input="a", promised=1)], sync=True)
    with (tmp_path / "0.ndjson").open("ab") as file:
        file.write(b'{"input":"a","prom')
    again = DeedFiles(tmp_path)
    assert again.read(0) == [Deed(input="a", promised=1)]
    again.append([Deed(input="a", promised=2)], sync=True)
    assert [d.promised for d in DeedFiles(tmp_path).read(0)] == [1, 2]
    again.number = 2
    again.append([Deed(input="a", promised=3)], sync=False)
    again.forget(2)

    assert [p.name for p in tmp_path.iterdir()] == ["2.ndjson"]


def test_a_disk_that_refuses_is_told_and_tried_again(tmp_path: Path) -> None:
    """What was done waits in memory meanwhile."""
    world = World(tmp_path)
    (tmp_path / "deeds").write_text("in the way")
    world.give(0, 1)
    world.wait(9)
    assert world.ledger.trouble
    assert world.source.deeds.made
    (tmp_path / "deeds").unlink()
    world.give(0, 1)
    world.wait(9)

    assert not world.ledger.trouble
    assert DeedFiles(tmp_path / "deeds").read(0)
