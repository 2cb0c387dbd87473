"""`slac run` from outside: what it refuses, and that `--once` ends."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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


@contextmanager
def receiver(port: int) -> Iterator[list[Any]]:
    """Takes what is posted to a port of this machine."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()
            thread.join()


def publishing_to(folder: Path, port: int) -> None:
    """The document of `folder`, its rows posted to a port."""
    text = (folder / "sla.yaml").read_text()
    lines = [line for line in text.splitlines() if "adapter: http," not in line]
    hook = f"{{adapter: webhook, url: 'http://127.0.0.1:{port}/', from: total}}"
    (folder / "sla.yaml").write_text("\n".join(lines).replace("{adapter: file, path: out.ndjson, from: total}", hook))


@pytest.mark.processes
def test_rows_that_nobody_took_are_lost_without_state(folder: Path) -> None:
    """The run has failed, says how much of which output, and still writes its summary."""
    publishing_to(folder, free_port())
    done = slac(folder, "--once", "--summary", "summary.json")

    assert done.returncode == 4, done.stderr
    assert 'slac: not everything is published ("out" 1 row), and it is lost: run with --state DIR' in done.stderr
    assert "Traceback" not in done.stderr
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["published"], summary["unpublished"], summary["kept"]) == ({"out": 0}, {"out": 1}, False)


@pytest.mark.processes
def test_rows_that_nobody_took_are_kept_with_state(folder: Path) -> None:
    """The run ends well, says so, and the next one publishes them."""
    port = free_port()
    publishing_to(folder, port)
    first = slac(folder, "--once", "--state", "state")
    with receiver(port) as taken:
        second = slac(folder, "--once", "--state", "state")

    assert first.returncode == 0, first.stderr
    assert 'not everything is published ("out" 1 row): it is kept with the state' in first.stderr
    assert second.returncode == 0, second.stderr
    assert [row["n"] for rows in taken for row in rows] == [5]
