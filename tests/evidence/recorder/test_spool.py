"""What is held to be evidence outlives a restart: a verdict behind it is explained by what came before it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import polars as pl
import pytest

from slac.cli.main import main
from slac.evidence.log import LogDirectory
from slac.evidence.recorder import RunLog, history
from slac.evidence.recorder.spool import Spool, Spooled
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core
from slac.stream.ports import Records
from tests.evidence.test_run_log import Run, plan


def again(run: Run, directory: Path, number: int) -> Run:
    """The same runtime, from a checkpoint of this moment with this number (0: begun anew)."""
    run.book.saved(1)
    states = pack(run.core.snapshot())
    run.book.close()
    chosen = plan("evidence")
    made = Run.__new__(Run)
    made.core, made.node, made.place = Core(chosen, now=0, live=False), run.node, run.place
    if number:
        made.core.restore(unpack(states), 0)
    made.book = RunLog(chosen, node=run.node, instance="here", directory=directory, memory=1 << 30)
    made.book.begin(made.core.flow, live=False, start=None, restored=number, now=0)
    return made


def check(run: Run, second: int) -> None:
    """One check that fails."""
    record = {"timestamp": second * 1000, "payload": {"ms": 3.0, "ok": False}, "context": {"service": "a"}}
    records = Records(source="test", arrival=second * 1000, ndjson=msgspec.json.encode(record))
    run.book.look(run.core.on_records("checks", [records]), second * 1_000_000)


@pytest.mark.parametrize(("number", "rows"), [(1, 3), (0, 1)])
def test_a_restart_in_the_middle_of_a_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, rows: int
) -> None:
    """All three checks of the bad minute are there, and it is made again of them; who begins anew has its own one."""
    run = Run(tmp_path, plan("evidence"))
    run.minute(0, ok=True)
    check(run, 60)
    check(run, 80)
    run = again(run, tmp_path, number)
    check(run, 100)
    log = run.end()

    assert log.rows("checks").filter(pl.col("ok").not_()).height == rows
    assert main(["replay", str(log.place), "--format", "json"], environment={}) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert [(b["same"], b["partly"]) for b in told["blocks"]] == [(1, 0)]
    assert not LogDirectory(run.place).check()


def test_the_latest_is_kept_where_there_is_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what came since the checkpoint before."""
    monkeypatch.setattr(history, "MOST", 300)
    run = Run(tmp_path, plan("evidence"))
    for second in (60, 70, 80, 100):
        check(run, second)
    run = again(run, tmp_path, 1)
    check(run, 110)

    assert run.end().rows("checks").height == 3


def test_many_small_files_become_few(tmp_path: Path) -> None:
    """All that they hold is there, in order."""
    spool = Spool(tmp_path, "a", limit=1 << 30)
    for number in range(1, 100):
        rows = {"checks": pl.DataFrame({"_seq": [number], "_time": [1]})}
        spool.keep(number, Spooled(size=100, entries=[], rows=rows, edges={}))
    held = list(Spool(tmp_path, "a", limit=1 << 30).begin(99))

    assert len(held) <= 33
    assert pl.concat([h.rows["checks"] for h in held])["_seq"].to_list() == list(range(1, 100))


def test_files_make_room_and_foreign_ones_go(tmp_path: Path) -> None:
    """Of another document, of a later checkpoint, and what nobody can read."""
    rows = {"checks": pl.DataFrame({"_seq": [1], "_time": [1]})}
    spool = Spool(tmp_path, "a", limit=250)
    for number in range(1, 5):
        spool.keep(number, Spooled(size=100, entries=[], rows=rows, edges={}))
    (tmp_path / "held" / "00000002").write_bytes(b"x")

    assert sorted(p.name for p in (tmp_path / "held").iterdir()) == ["00000002", "00000003", "00000004"]
    assert len(list(Spool(tmp_path, "a", limit=250).begin(3))) == 1
    assert sorted(p.name for p in (tmp_path / "held").iterdir()) == ["00000003"]
    assert list(Spool(tmp_path, "b", limit=250).begin(3)) == []
