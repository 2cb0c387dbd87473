"""The log of a run: what a core does is written behind it, as much as is asked for, and a disk that fails is told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl
import pytest

from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.evidence.log import LogDirectory
from slac.evidence.log.segment import Content, OpenSegment
from slac.evidence.recorder import RunLog, thread
from slac.evidence.recorder.collector import Collector
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.recorder import LogMode
from slac.runtime.shell.log_later import LogLater
from slac.shedding.gate import Gate
from slac.stream.batch import ID, Batch
from slac.stream.ports import Records

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ms: float, ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check}}
  computations:
    minutes: {from: checks, by: service, window: tumbling 1m, log: LOG, select: [{n: COUNT(*)}, {good: SHARE(ok)}]}
  violations: {bad: {from: minutes, where: good < 0.5, by: service}}
  outputs: {told: {adapter: stdout, from: [bad]}}
  logging: {mode: MODE}
"""


def plan(mode: LogMode = "full", log: LogMode | None = None) -> Plan:
    """The document with its modes."""
    text = DOCUMENT.replace("MODE", mode).replace("log: LOG, ", f"log: {log}, " if log else "")
    return compile_document(Source("shop.yaml", text), CompileOptions(collapse=True)).plan


class Run:
    """A core with its log."""

    def __init__(self, directory: Path, chosen: Plan) -> None:
        self.core = Core(chosen, now=0, live=False)
        (placement,) = chosen.data.placements
        self.node = placement.name
        self.place = directory / "var" / "log" / f"shop.{self.node}.here"
        self.book = RunLog(chosen, node=self.node, instance="here", directory=directory, memory=1 << 30)
        self.book.begin(self.core.flow, live=False, start=None, restored=0, now=0)

    def minute(self, number: int, *, ok: bool) -> None:
        """Three checks of one minute."""
        for second in (0, 20, 40):
            at = 60_000 * number + 1_000 * second
            record = {"timestamp": at, "payload": {"ms": 3.0, "ok": ok}, "context": {"service": "a"}}
            records = Records(source="test", arrival=at, ndjson=msgspec.json.encode(record))
            self.book.look(self.core.on_records("checks", [records]), at * 1_000)

    def end(self) -> LogDirectory:
        """The whole log."""
        self.book.look(self.core.on_input_ended("checks"), 0)
        self.book.close()
        return LogDirectory(self.place)


def test_everything_is_written(tmp_path: Path) -> None:
    """In mode full: rows of inputs and of every block."""
    run = Run(tmp_path, plan())
    for number in range(4):
        run.minute(number, ok=number != 2)
    log = run.end()

    assert [log.rows(n).height for n in ("checks", "minutes", "bad")] == [12, 4, 2]
    assert not log.check()


def test_only_what_a_verdict_was_made_of_is_written(tmp_path: Path) -> None:
    """In mode evidence: the bad minute, and the one that ended it."""
    run = Run(tmp_path, plan("evidence"))
    for number in range(9):
        run.minute(number, ok=number != 2)
    log = run.end()

    assert log.rows("minutes")["good"].to_list() == [0.0, 1.0]
    assert log.rows("checks").height == 6
    assert log.order().filter(pl.col("kind") == "verdict")["node"].to_list() == ["bad", "bad"]


def test_nothing_is_written(tmp_path: Path) -> None:
    """In mode off there is not even a folder."""
    run = Run(tmp_path, plan("off"))
    run.minute(0, ok=True)
    run.book.close()

    assert not (tmp_path / "var").exists()


def test_a_block_has_its_own_word(tmp_path: Path) -> None:
    """It is left out of a full log, or is all of one."""
    without = Run(tmp_path / "without", plan("full", "off"))
    alone = Run(tmp_path / "alone", plan("off", "full"))
    for run in (without, alone):
        for number in range(3):
            run.minute(number, ok=True)

    assert "minutes" not in without.end().nodes
    assert alone.end().nodes == ["minutes"]


def test_it_is_switched_while_it_runs(tmp_path: Path) -> None:
    """What begins later says so."""
    run = Run(tmp_path, plan("off"))
    run.minute(0, ok=True)
    run.book.switch("full", 0)
    run.minute(1, ok=True)
    run.book.switch("off", 0)
    run.minute(2, ok=True)
    run.book.close()
    log = LogDirectory(run.place)

    assert log.rows("checks").height == 3
    assert not log.header.whole
    assert run.book.status.mode == "off"


def test_gates_and_checkpoints_have_their_places(tmp_path: Path) -> None:
    """Between the rows before and behind them."""
    run = Run(tmp_path, plan())
    run.minute(0, ok=True)
    run.book.decided(Gate("checks", 7).set_admission(0.5, "cpu", {"test": 3}, at=5))
    run.book.saved(4)
    run.minute(1, ok=True)
    order = run.end().order()

    kinds = order["kind"].to_list()
    assert kinds.index("gate") + 1 == kinds.index("saved")
    assert kinds[: kinds.index("gate")].count("enter") == 3
    assert order.filter(pl.col("kind") == "saved")["value"].to_list() == [4]


def test_refused_records_are_counted(tmp_path: Path) -> None:
    """With their reason; what they were is in quarantine."""
    run = Run(tmp_path, plan())
    records = Records(source="test", arrival=0, ndjson=b'{"timestamp": "never"}\n{"timestamp": "never"}')
    run.book.look(run.core.on_records("checks", [records]), 0)
    refused = run.end().order().filter(pl.col("kind") == "refused")

    assert refused["value"].sum() == 2


def test_a_disk_that_refuses_does_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows are lost, counted and told once; when there is room again the log goes on."""
    run = Run(tmp_path, plan())

    def full(self: OpenSegment, content: Content) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(OpenSegment, "write", full)
        run.minute(0, ok=True)
        run.book.close()

    assert run.book.status.mode == "full"
    assert [r.message for r in caplog.records if "No space left" in r.message]
    assert LogDirectory(run.place).nodes == []


def test_what_the_disk_cannot_follow_is_left_out_first_where_it_can_be_made_again() -> None:
    """Rows of computations before those of inputs and verdicts, and all is counted."""
    pressure = [0.0]
    collector = Collector(1, rim=frozenset("i"), precious=frozenset("v"), pressure=lambda: pressure[0])
    collector.nodes = frozenset("icv")
    batch = Batch(pl.DataFrame({ID: pl.Series([1, 2], dtype=pl.UInt64)}))
    kept = []
    for pressure[0] in (0.5, 1.5, 2.5):
        for node in "icv":
            collector.saw(node, batch)
        content, _ = collector.taken()
        lost = {e.node: e.value for e in content.entries if e.kind == "lost"}
        kept.append((sorted(content.rows), lost))

    assert kept == [
        (["c", "i", "v"], {}),
        (["i", "v"], {"c": 2}),
        ([], {"i": 2, "c": 2, "v": 2}),
    ]


def test_noise_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the log has its size, what a violation was made of stays, and all else of its time is gone."""
    monkeypatch.setattr(thread, "ROWS", 200)
    monkeypatch.setattr(thread, "AGE", 1 << 60)
    chosen = plan()
    logging = msgspec.structs.replace(chosen.data.logging, max_size=200_000)
    run = Run(tmp_path, Plan(msgspec.structs.replace(chosen.data, logging=logging)))
    for number in range(800):
        run.minute(number, ok=number != 5)
    log = run.end()
    early = log.rows("checks", high=60_000_000 * 100)
    segments = [sum(p.stat().st_size for p in s.rglob("*") if p.is_file()) for s in run.place.glob("0*")]

    assert log.segments[0].header.number == 1
    assert early.height == 6
    assert log.rows("minutes", high=60_000_000 * 100).height == 2
    assert log.rows("checks").height > 300
    assert sum(segments) <= 200_000 + max(segments)
    assert not log.check()


def test_a_log_is_made_when_it_is_wanted(tmp_path: Path) -> None:
    """A run that begins without one can log later, and lacks nothing from then on."""
    chosen = plan("off")
    core = Core(chosen, now=0, live=False)
    (placement,) = chosen.data.placements
    made: list[RunLog] = []

    def make() -> RunLog:
        made.append(RunLog(chosen, node=placement.name, instance="here", directory=tmp_path, memory=1 << 30))
        return made[-1]

    book = LogLater(make)
    book.begin(core.flow, live=False, start=None, restored=0, now=0)
    book.meet(None, None)
    book.switch("off", 0)
    book.look((), 0)
    assert not made
    book.switch("full", 0)
    record = {"timestamp": 5, "payload": {"ms": 3.0, "ok": True}, "context": {"service": "a"}}
    records = Records(source="test", arrival=5, ndjson=msgspec.json.encode(record))
    book.look(core.on_records("checks", [records]), 5)
    book.saved(1)
    assert book.status.mode == "full"
    book.close()

    log = LogDirectory(tmp_path / "var" / "log" / f"shop.{placement.name}.here")
    assert log.rows("checks").height == 1
    assert log.order()["kind"].to_list()[-1] == "saved"
