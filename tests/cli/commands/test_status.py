"""`slac status`, `top` and `tap` at a runtime that runs, and a second one of its name."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from slac.cli.main import main
from slac.testing import free_port

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: watched}
spec:
  events: {Load: {payload: {cpu_percent: float}}}
  inputs: {machine: {adapter: host, every: 200ms, emits: Load}}
  computations: {twice: {from: machine, select: [{cpu: 2 * cpu_percent}]}}
  outputs: {out: {adapter: file, path: out.ndjson, from: twice}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A runtime at work in a folder, with an HTTP endpoint whose port is in `port`."""
    made = tmp_path_factory.mktemp("watched")
    (made / "sla.yaml").write_text(DOCUMENT)
    (made / "port").write_text(str(free_port()))
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", "--instance", "one"]
    process = subprocess.Popen(
        [*command, "--http", f"127.0.0.1:{(made / 'port').read_text()}"], cwd=made, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    out = made / "out.ndjson"
    while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    yield made
    process.terminate()
    process.wait(30)


@pytest.mark.processes
def test_a_runtime_is_asked(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Status as JSON and as a table, rows of a block, two looks of top."""
    monkeypatch.chdir(folder)

    assert main(["status", "--format", "json"], environment={}) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["document"], told["node"], told["instance"]) == ("watched", "all", "one")
    assert told["inputs"]["machine"]["counts"]["seen"] > 0

    assert main(["status", "--runtime", "all/one"], environment={}) == 0
    shown = capsys.readouterr().out
    assert "watched  all/one" in shown
    assert "of 0." in shown or "cores" in shown
    assert "twice" in shown

    assert main(["tap", "twice", "--rows", "2"], environment={}) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["block"], "cpu" in r) for r in rows] == [("twice", True)] * 2

    assert main(["top", "--times", "2", "--every", "0.3"], environment={}) == 0
    assert capsys.readouterr().out.count("watched  all/one") == 2

    assert main(["tap", "twic"], environment={}) == 2
    assert 'did you mean "twice"?' in capsys.readouterr().err


@pytest.mark.processes
def test_prometheus_can_scrape_it(folder: Path) -> None:
    """With the labels of the runtime."""
    answer = httpx.get(f"http://127.0.0.1:{(folder / 'port').read_text()}/metrics", timeout=20)
    assert 'slac_block_rows_total{block="twice",document="watched",instance="one",node="all"}' in answer.text


@pytest.mark.processes
def test_a_second_one_of_its_name_is_refused(folder: Path) -> None:
    """Before it has taken anything in."""
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", "--instance", "one"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert "runs in this directory already (watched.all.one): give each its own --instance name" in done.stderr


def test_nobody_to_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be done about it is said."""
    assert main(["status", "--directory", str(tmp_path)], environment={}) == 2
    assert "no runtime runs in" in capsys.readouterr().err
