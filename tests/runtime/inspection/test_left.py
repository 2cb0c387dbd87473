"""What a state directory tells when its runtime is gone, and what becomes of it when checkpoints are lost."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from slac.cli.main import main
from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import RunFailed, Source
from slac.evidence.replay.rebuild import rebuild
from slac.plan.graph import Plan
from slac.runtime.checkpoint import Cut, StateDirectory
from slac.runtime.core import Core
from slac.runtime.durable.journal import Journal, position
from slac.runtime.durable.pieces import cut
from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.inspection.left import left_in
from slac.stream.batch import ID
from slac.stream.ports import Records
from slac.testing.sensitive import HASHER
from tests.evidence.replay.logged import LoggedRun

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {n: int}, context: {pod: string}}}
  inputs:
    calls: {adapter: file, path: calls.ndjson, emits: Call}
    posts: {adapter: http, listen: "127.0.0.1:1", emits: Call}
  computations:
    per_pod: {from: Call, by: pod, window: tumbling 10s, select: [{n: SUM(n)}]}
    ever: {from: Call, by: pod, window: running, select: [{n: SUM(n)}]}
  outputs: {out: {adapter: file, path: out.ndjson, from: [per_pod, ever]}}
"""


def plan() -> Plan:
    """The document."""
    return compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=True)).plan


def lines(begin: int, end: int) -> bytes:
    """A call a second."""
    rows = ({"timestamp": s * 1000, "payload": {"n": s}, "context": {"pod": "ab"[s % 2]}} for s in range(begin, end))
    return b"\n".join(json.dumps(row).encode() for row in rows)


def ids(rows: pl.DataFrame) -> set[int]:
    """Those of rows, if there are any."""
    return set(rows[ID]) if rows.height else set()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two checkpoints of a runtime, a journal with a record that is in none, and rows that wait for the output."""
    directory = StateDirectory(tmp_path / "state" / "shop" / "all" / "one")
    directory.open()
    journal = Journal(SegmentFiles(directory.directory / "journal" / "posts"), 1 << 20)
    list(journal.replay(0))
    core = Core(plan(), now=0, live=True)
    for number in (1, 2):
        core.on_records(
            "calls", [Records(source="calls.ndjson", arrival=0, ndjson=lines(number * 20, number * 20 + 20))]
        )
        posted = Records(source="one", arrival=0, ndjson=lines(number, number + 3), position=position(number))
        journal.append([posted])
        core.on_records("posts", [posted])
        states = cut(core.snapshot())
        directory.write(Cut(digest=plan().meaning, taken=number * 1_000_000, number=number, states=states))
    journal.append([Records(source="one", arrival=0, ndjson=lines(7, 12))])
    directory.close()
    return tmp_path / "state"


def test_what_is_left(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records, event time, the journal; and what a start will do."""
    [left] = left_in(state)
    assert (left.document, left.node, left.instance, left.running) == ("shop", "all", "one", False)
    assert (left.checkpoint, left.taken) == (2, 2_000_000)
    assert left.inputs["calls"].sources["calls.ndjson"].records == 40
    assert left.inputs["calls"].watermark == 59_000_000
    assert left.inputs["posts"].journalled == 5
    assert "a start goes on from checkpoint 2" in left.restart
    assert "posts takes 5 records of its journal again, before new ones" in left.restart
    assert main(["status", "--state", str(state)], environment={}) == 0
    assert "shop  all/one  not at work  checkpoint 2 of 1970-01-01T00:00:02.000Z" in capsys.readouterr().out
    assert main(["status", "--state", str(state), "--format", "json"], environment={}) == 0
    assert json.loads(capsys.readouterr().out)[0]["checkpoint"] == 2


def test_damage(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The checkpoint before is taken; where both are damaged, a start is refused."""
    directory = state / "shop" / "all" / "one"
    (directory / "checkpoint").write_bytes(b"slac-checkpoint\ntorn")
    [left] = left_in(state)
    assert left.checkpoint == 1
    assert "a start goes on from checkpoint 1, the one before the newest, which is damaged" in left.restart
    (directory / "checkpoint.previous").write_bytes(b"")
    assert main(["status", "--state", str(state)], environment={}) == 4
    assert "a start is refused" in capsys.readouterr().out


def test_a_runtime_at_work_and_none(state: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A lock that is held is told, and left alone."""
    directory = StateDirectory(state / "shop" / "all" / "one")
    directory.open()
    assert left_in(state)[0].running
    directory.close()
    assert not left_in(state)[0].running
    assert main(["status", "--state", str(tmp_path / "none")], environment={}) == 2
    assert "no runtime has kept its state" in capsys.readouterr().err


def test_a_state_is_rebuilt_of_a_log(tmp_path: Path) -> None:
    """What comes after it is what would have come: rows, ids and all; a file is read on where it was."""
    whole = LoggedRun(plan(), tmp_path / "whole")
    whole.give("calls", [json.loads(line) for line in lines(0, 60).splitlines()])
    whole.end()

    first = LoggedRun(plan(), tmp_path / "first")
    first.give("calls", [json.loads(line) for line in lines(0, 37).splitlines()])
    first.close()
    made = rebuild(first.log, plan())
    assert made.gaps == ()
    assert made.events == 37
    second = Core(plan(), now=0, live=False, hasher=HASHER)
    second.restore(made.states, 0)
    found = []
    second.flow.tap = lambda node, batch: found.append((node, batch.frame))
    second.on_records("calls", [Records(source="s", arrival=0, ndjson=lines(0, 60))])
    for block in ("calls", "posts"):
        second.on_input_ended(block)
    for node in ("calls", "per_pod", "ever"):
        before = ids(first.log.rows(node))
        after = {i for n, frame in found if n == node for i in frame[ID]}
        assert before.isdisjoint(after)
        assert before | after == ids(whole.log.rows(node))


def test_what_cannot_be_rebuilt(tmp_path: Path) -> None:
    """A log of another version, and inputs whose ids do not count."""
    logged = LoggedRun(plan(), tmp_path)
    logged.close()
    other = compile_document(
        Source("shop.yaml", DOCUMENT.replace("tumbling 10s", "tumbling 20s")), CompileOptions(collapse=True)
    ).plan
    with pytest.raises(RunFailed, match="another version of this document"):
        rebuild(logged.log, other)
    natural = compile_document(
        Source("shop.yaml", DOCUMENT.replace("path: calls.ndjson,", "path: calls.ndjson, id: n,")),
        CompileOptions(collapse=True),
    ).plan
    again = LoggedRun(natural, tmp_path / "natural")
    again.close()
    with pytest.raises(RunFailed, match="how far calls had been read is not in the log"):
        rebuild(again.log, natural)
