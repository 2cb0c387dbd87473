"""`slac run` from outside: what it refuses, and that `--once` ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slac.testing import free_port

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: mixed}
spec:
  events: {Hit: {payload: {n: int}}}
  inputs:
    posted: {adapter: http, listen: "127.0.0.1:PORT", emits: Hit}
    read: {adapter: file, path: hits.ndjson, emits: Hit}
  computations:
    total: {from: Hit, window: tumbling 1m, select: [{n: SUM(n)}]}
  outputs: {out: {adapter: file, path: out.ndjson, from: total}}
"""


def slac(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A document with an input that ends and one that never does."""
    (tmp_path / "sla.yaml").write_text(DOCUMENT.replace("PORT", str(free_port())))
    lines = [json.dumps({"timestamp": 1_700_000_000_000 + i, "payload": {"n": 1}, "context": {}}) for i in range(5)]
    (tmp_path / "hits.ndjson").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.processes
def test_once_ends_with_what_can_be_read_to_an_end(folder: Path) -> None:
    """An input that listens does not keep it from ending."""
    done = slac(folder, "--once")

    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (folder / "out.ndjson").read_text().splitlines()]
    assert [row["n"] for row in rows] == [5]


@pytest.mark.processes
def test_once_without_an_end_is_refused(folder: Path) -> None:
    """Where nothing ever ends, `--once` would wait for ever."""
    text = (folder / "sla.yaml").read_text()
    (folder / "sla.yaml").write_text(
        "\n".join(line for line in text.splitlines() if "adapter: file, path: hits" not in line)
    )
    done = slac(folder, "--once")

    assert done.returncode == 2
    assert "posted" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["a/../../b", "..", "a b"])
def test_an_instance_is_a_plain_name(folder: Path, name: str) -> None:
    """It stands in paths: nothing may lead out of the state directory."""
    done = slac(folder, "--instance", name)

    assert done.returncode == 2
    assert "cannot name an instance" in done.stderr


def test_nothing_to_run_is_refused(folder: Path) -> None:
    """A document of event types alone would wait for ever."""
    types = "apiVersion: slac/v1\nkind: SLA\nmetadata: {name: kinds}\nspec: {events: {Hit: {payload: {n: int}}}}\n"
    (folder / "sla.yaml").write_text(types)
    result = slac(folder, "--once")
    assert result.returncode == 2
    assert 'there is nothing to run: "kinds" has no block' in result.stderr
