"""A disk that is full, for real: a small file system of its own, with all that a runtime writes on it."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
import zmq

from slac.testing import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

FEW: Final = 240.0
"""Seconds that anything here may take, on a machine that has other things to do."""
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: full}
spec:
  events:
    Hit: {payload: {seq: int}}
  inputs:
    asked: {adapter: http, listen: "127.0.0.1:${http}", emits: Hit, idle: 1s}
    pushed: {adapter: zmq, bind: "tcp://127.0.0.1:${zmq}", pattern: pull, emits: Hit, idle: 1s}
  probes:
    hits: {from: Hit, where: seq >= 0, select: [seq]}
  violations:
    high: {from: hits, where: seq > 1000000}
  outputs:
    rows: {adapter: file, path: "${beside}/rows.ndjson", from: [hits]}
    alarms: {adapter: file, path: "${beside}/alarms.ndjson", from: [high]}
  parameters:
    http: {type: int}
    zmq: {type: int}
    beside: {type: string}
  runtime: {checkpoint: 1s}
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 6 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], check=False, capture_output=True
    ).returncode  # fmt: skip
    if not mounted:
        pytest.skip("mounting a small file system takes root, and leave to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Case:
    """One runtime whose working directory and state are on the small disk; its outputs are beside it."""

    def __init__(self, small: Path, beside: Path) -> None:
        self.small, self.beside = small, beside
        self.ports = {name: free_port() for name in ("http", "zmq", "web")}
        (small / "full.yaml").write_text(DOCUMENT)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """It does not outlive the block."""
        values = {"http": self.ports["http"], "zmq": self.ports["zmq"], "beside": self.beside}
        sets = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
        web = ["--http", f"127.0.0.1:{self.ports['web']}"]
        command = [sys.executable, "-m", "slac.cli", "run", "full.yaml", "--state", "state", *web, *sets]
        with (
            (self.beside / "log").open("ab") as log,
            subprocess.Popen(command, cwd=self.small, stderr=log) as process,
        ):
            try:
                self.until(
                    lambda: bool(self.get("healthz")[0] and self._ask(self.ports["http"], "POST", "/events", b"")[0])
                )
                yield process
            finally:
                process.kill()

    def until(self, condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
        """Wait for what another process does."""
        deadline = time.monotonic() + FEW
        while not condition():
            assert process is None or process.poll() is None, (self.beside / "log").read_text()
            assert time.monotonic() < deadline, (self.beside / "log").read_text()
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, str]:
        """What an HTTP endpoint of the runtime answers; 0 where it does not."""
        return self._ask(self.ports["web"], "GET", f"/{path}", None)

    def post(self, seq: int) -> int:
        """One event; the status of the answer."""
        return self._ask(self.ports["http"], "POST", "/events", event(seq))[0]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """What was published."""
        found = []
        with suppress(FileNotFoundError):
            for line in (self.beside / name).read_text().splitlines():
                with suppress(ValueError):
                    found.append(json.loads(line))
        return found

    def alarms(self, kind: str) -> set[str]:
        """What is not kept, as far as rows of this kind say."""
        return {r["what"] for r in self.rows("alarms.ndjson") if r["kind"] == kind}

    def seqs(self) -> list[int]:
        """What came through."""
        return [r["seq"] for r in self.rows("rows.ndjson")]

    @staticmethod
    def _ask(port: int, method: str, path: str, body: bytes | None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FEW)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()


def event(seq: int) -> bytes:
    """One event on the wire, of now."""
    return json.dumps({"timestamp": time.time_ns() // 1_000_000, "payload": {"seq": seq}, "context": {}}).encode()


def fill(folder: Path) -> Path:
    """Leave no room, also where some has come back."""
    ballast = folder / "ballast"
    for size in (65_536, 512, 1):
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * size) == size:
                pass
    return ballast


def test_the_run_goes_on_in_memory_says_so_and_recovers(small: Path, tmp_path: Path) -> None:
    """Senders that are answered are refused, what others send goes on; with room again, nothing of it is lost."""
    case, numbers, taken = Case(small, tmp_path), itertools.count(1), set[int]()
    with case.running() as process, zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.connect(f"tcp://127.0.0.1:{case.ports['zmq']}")

        def post() -> int:
            status = case.post(number := next(numbers))
            taken.update({number} if status == http.HTTPStatus.ACCEPTED else ())
            return status

        def pushed() -> None:
            push.send(event(number := next(numbers)))
            push.send(b"no JSON")
            taken.add(number)

        def suffers() -> bool:
            fill(small)
            pushed()
            return post() == http.HTTPStatus.TOO_MANY_REQUESTS and case.alarms("raised") >= wanted

        wanted = {"checkpoint", "journal asked", "journal pushed", "quarantine", "store"}
        assert post() == http.HTTPStatus.ACCEPTED
        case.until(suffers, process)
        case.until(lambda: set(case.seqs()) == taken, process)
        status, reasons = case.get("readyz")
        assert status == http.HTTPStatus.SERVICE_UNAVAILABLE
        assert "the journal of input asked takes no more" in reasons
        assert 'what="journal asked"' in case.get("metrics")[1]

        fill(small).unlink()

        def is_well() -> bool:
            pushed()
            return post() == http.HTTPStatus.ACCEPTED and case.alarms("resolved") >= wanted - {"store"}

        case.until(is_well, process)
        case.until(lambda: case.get("readyz")[0] == http.HTTPStatus.OK, process)
        case.until(lambda: set(case.seqs()) == taken, process)
        process.send_signal(signal.SIGKILL)
        process.wait(FEW)
    with case.running() as process:
        last = next(numbers)
        case.until(lambda: case.post(last) == http.HTTPStatus.ACCEPTED, process)
        case.until(lambda: last in case.seqs(), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(FEW) == 0

    unique = {r["id"]: r for r in case.rows("rows.ndjson")}
    assert sorted(r["seq"] for r in unique.values()) == sorted({*taken, last})
