"""`slac history` over what runs have left in their store."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slac.cli.main import main

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Run: {payload: {ok: bool}, context: {module: string}}}
  inputs: {runs: {adapter: file, path: runs.ndjson, emits: Run}}
  runtime: {checkpoint: 1s, store: {retain: 30d, max_size: 10MiB}}
  computations:
    share: {from: runs, by: module, window: tumbling 1m, select: [{n: COUNT(*)}, {good: "COUNT(*) FILTER (WHERE ok)"}]}
  audits:
    available:
      from: share
      by: module
      initial: up
      states:
        up: {when: good >= n, verdict: ok}
        down: {when: good < n, verdict: violated, report_every: 2m}
  violations:
    failing: {from: share, where: good < n, by: module, severity: critical}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A document, and ten minutes of two modules, one of which fails for a while."""
    (tmp_path / "sla.yaml").write_text(DOCUMENT)
    lines = [
        {
            "timestamp": 1_700_000_000_000 + i * 1_000,
            "payload": {"ok": m == "a" or not 200 < i < 420},
            "context": {"module": m},
        }
        for i in range(600)
        for m in "ab"
    ]
    (tmp_path / "runs.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`slac run` as a process."""
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


class Asked(NamedTuple):
    """What `slac history` has answered."""

    code: int
    out: str
    err: str


Ask = Callable[..., Asked]


@pytest.fixture
def ask(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`slac history` with arguments, in the folder."""
    monkeypatch.chdir(folder)

    def asked(*arguments: str) -> Asked:
        code = main(["history", *arguments], environment={})
        return Asked(code, *capsys.readouterr())

    return asked


def records(ask: Ask, *arguments: str) -> list[dict[str, Any]]:
    """The records that it tells."""
    found: list[dict[str, Any]] = json.loads(ask(*arguments, "--format", "json").out)
    return found


def deployments(path: Path) -> int:
    """How many runs a store knows by now."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):
        return int(connection.execute("SELECT count(*) FROM deployments").fetchone()[0])
    return 0


@pytest.mark.processes
def test_what_a_run_has_said(folder: Path, ask: Ask) -> None:
    """No output needs to read an audit or violation for it to be kept; a second run keeps nothing twice."""
    for _ in range(2):
        done = run(folder, "--once")
        assert done.returncode == 0, done.stderr

    told = records(ask, "available", "--key", "module=b")
    assert [(r["kind"], r["state"], r["time"][11:16]) for r in told] == [
        ("initial", "up", "22:13"),
        ("change", "down", "22:16"),
        ("stay", "down", "22:18"),
        ("stay", "down", "22:20"),
        ("change", "up", "22:21"),
    ]
    assert [r["kind"] for r in records(ask, "failing")] == ["raised", "resolved"]
    assert [r["kind"] for r in records(ask, "failing", "--from", "2023-11-14T22:20Z")] == ["resolved"]

    overview = ask().out
    assert overview.count("ended") == 2 + 1  # the heading, and two runs
    assert "Violations that stand: none" in overview
    shown = ask("failing").out
    assert "raised" in shown
    assert "2023-11-14 22:16:59.999" in shown


@pytest.mark.processes
def test_stores_by_option_and_environment(folder: Path, ask: Ask) -> None:
    """A file of one's own, a URL in the environment, and none at all."""
    assert run(folder, "--once", "--store", "off").returncode == 0
    assert not (folder / "var" / "slac.db").exists()
    missing = ask()
    assert (missing.code, missing.err) == (
        4,
        "slac: there is no store at var/slac.db: `slac run` makes it, or --store names another\n",
    )

    url = f"sqlite:///{folder}/kept.db"
    assert run(folder, "--once", SLAC_STORE=url).returncode == 0
    assert len(records(ask, "failing", "--store", "kept.db")) == 2

    wrong = run(folder, "--once", "--store", "mysql://root@127.0.0.1/x")
    assert wrong.returncode == 4
    assert "a store is SQLite or PostgreSQL, not mysql" in wrong.stderr
    nothing = ask("fail", "--store", "kept.db")
    assert (nothing.code, "it has: available, failing" in nothing.err) == (2, True)
    for bad in (("--key", "module"), ("--from", "yesterday")):
        assert ask("failing", "--store", "kept.db", *bad).code == 2


@pytest.mark.processes
def test_a_killed_run_keeps_each_record_once(folder: Path, ask: Ask) -> None:
    """After kill -9 and a restart from the checkpoint the store is that of an undisturbed run."""
    assert run(folder, "--once", "--store", "whole.db").returncode == 0
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", "--state", "state", "--store", "torn.db"]
    for times in range(2):
        process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while deployments(folder / "torn.db") <= times and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(folder, *command[5:], "--once").returncode == 0

    for block in ("available", "failing"):
        assert records(ask, block, "--store", "torn.db") == records(ask, block, "--store", "whole.db")
    runtimes = ask("--store", "torn.db").out
    assert runtimes.count(" lost ") == 2
