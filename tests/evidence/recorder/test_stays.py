"""A report that a state stays has a little evidence: what was judged last, and how the state was entered."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slac.cli.main import main
from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.evidence.log import LogDirectory
from slac.evidence.recorder import RunLog
from slac.runtime.core import Core
from slac.stream.ids import format_id
from slac.stream.ports import Records

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check}}
  computations: {minutes: {from: checks, by: service, window: tumbling 1m, select: [{good: SHARE(ok)}]}}
  audits:
    up:
      from: minutes
      by: service
      states:
        up: {when: good >= 0.5, verdict: ok, report_every: 3m}
        down: {when: good < 0.5, verdict: violated, report_every: 2m}
  outputs: {told: {adapter: stdout, from: [up]}}
  logging: {mode: evidence}
"""


def test_a_stay_can_be_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its id; the checks of a minute in which nothing changed are not kept for it."""
    plan = compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    core = Core(plan, now=0, live=False)
    node = plan.data.placements[0].name
    book = RunLog(plan, node=node, instance="here", directory=tmp_path, memory=1 << 30)
    book.begin(core.flow, live=False, start=None, restored=0, now=0)
    for minute in range(8):
        record = {"timestamp": 60_000 * minute, "payload": {"ok": minute < 2}, "context": {"service": "a"}}
        book.look(core.on_records("checks", [Records(source="t", arrival=1, ndjson=msgspec.json.encode(record))]), 1)
    book.look(core.on_input_ended("checks"), 1)
    book.close()
    log = LogDirectory(tmp_path / "var" / "log" / f"shop.{node}.here")
    reports = log.rows("up")

    assert reports["kind"].to_list() == ["initial", "change", "stay", "stay"]
    assert log.rows("checks").height == 2
    last = format_id(reports["_id"][-1])
    assert main(["why", last, "--log", str(log.place)], environment={}) == 0
    said = capsys.readouterr().out
    assert ": down: good < 0.5: 0.0 < 0.5 is TRUE" in said
    assert "good = SHARE(ok) = 0 over rows that are not in the log" in said
    assert "1 row of minutes, entered the state" in said
    assert main(["replay", str(log.place)], environment={}) == 0
