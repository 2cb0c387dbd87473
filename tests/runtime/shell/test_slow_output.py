"""An output that is slow holds up nobody else, and gets all of it in the end, also across a crash."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from slac.testing import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

FEW: Final = 240.0
"""Seconds that anything here may take, on a machine that has other things to do."""
EVENTS: Final = 5_000
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: slow}
spec:
  parameters: {port: {type: int}}
  events: {Hit: {payload: {seq: int}}}
  inputs: {hits: {adapter: file, path: hits.ndjson, emits: Hit}}
  probes: {each: {from: hits, where: seq >= 0, select: [seq]}}
  outputs:
    quick: {adapter: file, path: rows.ndjson, from: [each]}
    slow: {adapter: webhook, url: "http://127.0.0.1:${port}/rows", from: [each]}
  runtime: {checkpoint: 300ms}
"""


class Receiver(ThreadingHTTPServer):
    """Takes what is posted, but answers nobody before it may."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.may_answer = threading.Event()
        self.asked = threading.Event()
        self.seqs: set[int] = set()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Receiver

    def do_POST(self) -> None:
        """Rows."""
        rows = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.set()
        self.server.may_answer.wait(FEW)
        self.server.seqs |= {row["seq"] for row in rows}
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of its base class
        """Nothing."""


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A runtime; it does not outlive the block."""
    options = ["--state", "state", "--store", "off", "--set", f"port={port}"]
    command = [sys.executable, "-m", "slac.cli", "run", "slow.yaml", *options]
    with (folder / "log").open("ab") as log, subprocess.Popen(command, cwd=folder, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool], folder: Path) -> None:
    """Wait for what a process does."""
    deadline = time.monotonic() + FEW
    while not condition():
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.02)


def test_a_slow_output_holds_up_nobody_and_loses_nothing(tmp_path: Path) -> None:
    """The other output has everything while the slow one has answered nothing yet; a crash keeps what waits."""
    (tmp_path / "slow.yaml").write_text(DOCUMENT)
    hits = ({"timestamp": i, "payload": {"seq": i}, "context": {}} for i in range(EVENTS))
    (tmp_path / "hits.ndjson").write_text("".join(json.dumps(hit) + "\n" for hit in hits))
    receiver = Receiver(free_port())
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    rows = tmp_path / "rows.ndjson"
    try:
        with running(tmp_path, receiver.server_port) as process:
            until(lambda: rows.exists() and rows.read_bytes().count(b"\n") == EVENTS, tmp_path)
            assert receiver.asked.wait(FEW)
            assert not receiver.seqs
            process.kill()
        receiver.may_answer.set()
        with running(tmp_path, receiver.server_port):
            until(lambda: len(receiver.seqs) == EVENTS, tmp_path)
    finally:
        receiver.shutdown()
        receiver.server_close()
    assert rows.read_bytes().count(b"\n") == EVENTS
