"""What a simulation shows of its blocks, in words that a reader knows and not in those of the state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slac.cli.main import main

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events:
    Call: {payload: {ms: float, ok: bool}, context: {svc: string}}
    Deploy: {payload: {rev: string}, context: {svc: string}}
    Bad: {payload: {errors: int}, context: {svc: string}}
  inputs:
    calls: {adapter: file, path: calls.ndjson, emits: Call, lateness: 1s}
    deploys: {adapter: file, path: deploys.ndjson, emits: Deploy}
  computations:
    per_svc:
      from: calls
      by: svc
      window: tumbling 10s
      select: [{n: COUNT(*)}, {errors: COUNT(*) FILTER (WHERE NOT ok)}, {slowest: MAX(ms)}]
      then: [{share: errors / n}]
    total: {from: calls, by: svc, window: running, select: [{n: COUNT(*)}]}
    bad: {from: per_svc, where: errors > 2, select: [svc, errors], emits: Bad}
    with_rev: {from: per_svc, join: {d: {latest: deploys, by: svc}}, select: [svc, {rev: d.rev}]}
    blamed: {pattern: "every d=Deploy -> b=Bad(svc = d.svc)", within: 1m, select: [{svc: b.svc}, {rev: d.rev}]}
  audits:
    health:
      from: per_svc
      by: svc
      states:
        well: {when: errors <= 2, verdict: ok, report_every: 5m}
        ill: {when: errors > 2, verdict: violated}
  violations:
    slow: {from: per_svc, where: slowest > 100, by: svc}
    silent: {absent: calls, for: 30s}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Half a minute of calls, and a rollout."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sla.yaml").write_text(DOCUMENT)
    calls = [
        {"timestamp": n * 500, "payload": {"ms": n % 7, "ok": n % 2 > 0}, "context": {"svc": "ab"[n // 3 % 2]}}
        for n in range(60)
    ]
    (tmp_path / "calls.ndjson").write_text("".join(json.dumps(c) + "\n" for c in calls))
    deploy = {"timestamp": 3000, "payload": {"rev": "r7"}, "context": {"svc": "a"}}
    (tmp_path / "deploys.ndjson").write_text(json.dumps(deploy) + "\n")
    return tmp_path


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *commands: str) -> str:
    """What the commands tell after 45 events."""
    (folder / "look").write_text("\n".join(["step 45", *commands]))
    feed = ["--input", "calls=calls.ndjson", "--input", "deploys=deploys.ndjson"]
    assert main(["simulate", "sla.yaml", *feed, "--script", "look"], environment={}) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            "show per_svc svc=a",
            "svc a, from 1970-01-01T00:00:20Z, to 1970-01-01T00:00:30Z, n 2, errors 1, slowest 1.0, share",
        ),
        ("show total svc=b", "svc b, last row 1970-01-01T00:00:20Z, n 20, events 20"),
        ("show with_rev", "svc a, at 1970-01-01T00:00:03Z, d.rev r7"),
        ("show blamed", "since 1970-01-01T00:00:19.999999Z, svc b"),
        ("show health svc=b", "svc b, state ill, since 1970-01-01T00:00:09.999999Z"),
        ("show slow svc=a", "svc a, state not raised, since 1970-01-01T00:00:09.999999Z"),
        ("show silent", "last row 1970-01-01T00:00:20"),
    ],
)
def test_what_is_held(folder: Path, capsys: pytest.CaptureFixture[str], command: str, line: str) -> None:
    """Windows with what they would say, keys with their states, rows that wait; no column of the state by its name."""
    said = shown(folder, capsys, command).split(f"> {command}")[1]
    assert line in said
    assert not any(word in said for word in ("_s.", "_a0", "slot", "#until", ".sum"))


def test_the_same_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for programs."""
    said = json.loads(shown(folder, capsys, "show per_svc svc=a json").splitlines()[-1])
    [node] = said["nodes"]
    [window] = [h for h in node["holds"] if h["what"] == "open windows"]
    assert window["rows"][0]["n"] == 2
    assert said["last"][-1]["svc"] in ("a", "b")
