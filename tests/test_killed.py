"""`kill -9` of a runtime with an `http` input: what its senders were told is taken counts exactly once.

`SLAC_SOAK_ROUNDS` says how often it is killed (4 unless set).
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from slac.testing import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(3600)]

ROUNDS: Final = int(os.environ.get("SLAC_SOAK_ROUNDS", "4"))
SENDERS: Final = 4
FEW: Final = 120.0
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: killed}
spec:
  parameters:
    port: {type: int}
  events:
    Hit: {payload: {seq: int}}
  inputs:
    hits: {adapter: http, listen: "127.0.0.1:${port}", emits: Hit, lateness: 1m, idle: 1h, shed: never, disk: 1GiB}
  probes:
    each: {from: hits, where: seq >= 0, select: [seq]}
  computations:
    load: {from: hits, window: tumbling 1s, select: [{n: COUNT(*)}, {total: SUM(seq)}]}
  outputs:
    rows: {adapter: file, path: rows.ndjson, from: [each, load]}
  runtime: {checkpoint: 1s}
"""


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A runtime that listens; it does not outlive the block."""
    options = ["--state", "state", "--store", "off", "--set", f"port={port}"]
    arguments = [sys.executable, "-m", "slac.cli", "run", "killed.yaml", *options]
    with (folder / "log").open("ab") as log, subprocess.Popen(arguments, cwd=folder, stderr=log) as process:
        try:
            deadline = time.monotonic() + FEW
            while post(port, [])[0] is None:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "it does not listen"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def post(port: int, events: list[dict[str, Any]]) -> tuple[int | None, float]:
    """The answer's status; None where there was none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FEW)
    try:
        connection.request("POST", "/events", b"\n".join(json.dumps(e).encode() for e in events))
        return connection.getresponse().status, time.monotonic()
    except (OSError, http.client.HTTPException):
        return None, time.monotonic()
    finally:
        connection.close()


class Senders:
    """Posts events, each once, from several threads, and remembers which were answered with 2xx."""

    def __init__(self, port: int, start: int) -> None:
        self.taken: set[int] = set()
        self.sent = itertools.count()
        self._port = port
        self._start = start
        self._stop = threading.Event()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """While the block lasts."""
        self._stop.clear()
        threads = [threading.Thread(target=self._run, daemon=True) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def event(self, seq: int) -> dict[str, Any]:
        """One event on the wire, a ms behind the one before."""
        return {"timestamp": self._start + seq, "payload": {"seq": seq}, "context": {}}

    def _run(self) -> None:
        while not self._stop.is_set():
            seqs = [next(self.sent) for _ in range(3)]
            status, _ = post(self._port, [self.event(s) for s in seqs])
            if status == http.HTTPStatus.ACCEPTED:
                self.taken.update(seqs)
            elif status is None:
                time.sleep(0.01)


def published(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """By block the rows that came out, each id once: at least once is what an output promises."""
    rows: dict[str, dict[str, dict[str, Any]]] = {"each": {}, "load": {}}
    for line in (folder / "rows.ndjson").read_bytes().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # torn by a kill, and published again
        again = rows[row["block"]].setdefault(row["id"], row)
        assert {**again, "published": None} == {**row, "published": None}
    return rows


def test_every_acknowledged_event_counts_once(tmp_path: Path) -> None:
    """At any moment, also while it starts; the same rows come with the same ids, and windows add up."""
    (tmp_path / "killed.yaml").write_text(DOCUMENT)
    port, chance = free_port(), random.Random(6)
    senders = Senders(port, int(time.time() - 900) * 1000)
    for _ in range(ROUNDS):
        with running(tmp_path, port) as process, senders.sending():
            time.sleep(chance.uniform(0.05, 2.5))
            process.send_signal(signal.SIGKILL)
    with running(tmp_path, port) as process:
        last = next(senders.sent) + 300_000
        assert post(port, [senders.event(last)])[0] == http.HTTPStatus.ACCEPTED
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(FEW) == 0, (tmp_path / "log").read_text()

    rows = published(tmp_path)
    counts = Counter(row["seq"] for row in rows["each"].values())
    assert senders.taken
    lost = senders.taken - counts.keys()
    twice = {seq for seq, n in counts.items() if n > 1}
    print(f"{len(senders.taken)} acknowledged, {len(lost)} lost, {len(twice)} duplicated")  # noqa: T201 - for `make soak`
    assert (lost, twice) == (set(), set())
    assert sum(row["n"] for row in rows["load"].values()) == len(counts) - 1
    assert sum(row["total"] for row in rows["load"].values()) == sum(counts) - last
