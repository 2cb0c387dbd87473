"""Two edges and a central as processes; each edge reads `http`, a file and `zmq`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from slac.testing import free_port

FEW: Final = 240.0
"""Seconds that anything may take, on a machine that has other things to do."""
EDGES: Final = ("a", "b")
INPUTS: Final = ("asked", "pushed", "read")
NAMES: Final = ("central", *EDGES)
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: soak}
spec:
  parameters:
    asked: {type: int, default: 1}
    pushed: {type: int, default: 1}
    central: {type: int, default: 1}
    feed: {type: string, default: feed.ndjson}
    taken: {type: string, default: taken.ndjson}
  events:
    Hit: {payload: {seq: int, ms: float}, context: {service: string}}
  inputs:
    asked:
      {adapter: http, listen: "127.0.0.1:${asked}", emits: Hit, id: seq, lateness: 1m, idle: 1h, shed: never,
       disk: 1GiB}
    pushed:
      {adapter: zmq, bind: "tcp://127.0.0.1:${pushed}", pattern: pull, emits: Hit, id: seq, lateness: 1m, idle: 1h,
       shed: never, disk: 1GiB}
    read: {adapter: file, path: "${feed}", emits: Hit, id: seq, lateness: 1m, idle: 1h}
  probes:
    each: {from: Hit, where: seq >= 0, select: [seq, service, ms]}
  computations:
    load:
      from: each
      by: service
      window: tumbling 1s
      select: [{n: COUNT(*)}, {total: SUM(seq)}, {mean: AVG(ms)}, {last: LAST(seq)}]
  audits:
    health:
      from: load
      by: service
      states:
        good: {when: mean <= 45, verdict: ok}
        bad: {when: mean > 45, verdict: violated, report_every: 5s}
  violations:
    slow: {from: load, where: mean > 45, by: service}
  outputs:
    rows: {adapter: file, path: rows.ndjson, from: [each, load, health, slow]}
    taken: {adapter: file, path: "${taken}", from: each}
  placement:
    edge: {blocks: [asked, pushed, read, each, taken], connect: central, budget: {cpu: 100%, memory: 50%}}
    central:
      {blocks: ["*"], listen: "tcp://127.0.0.1:${central}", hold: 1h, budget: {cpu: 100%, memory: 50%}}
  runtime: {checkpoint: 1s}
"""


def until(condition: Callable[[], bool], complain: Callable[[], str]) -> None:
    """Wait for what other processes do."""
    deadline = time.monotonic() + FEW
    while not condition():
        assert time.monotonic() < deadline, complain()
        time.sleep(0.02)


@dataclass(slots=True)
class Rows:
    """What a file has of what was published: records, by block, and those that stand there twice."""

    path: Path
    by_key: dict[tuple[str, str, int], dict[str, Any]] = field(default_factory=dict)
    twice: list[tuple[str, str, int]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    _file: TextIO | None = None
    _rest: str = ""

    def read(self) -> None:
        """Whole lines that are new; half a line that a kill has left is cut off by the next central."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if self._file is None:
            if not size:
                return
            self._file = self.path.open()
        if size < self._file.tell():
            self._file.seek(size)
            self._rest = ""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            self._take(json.loads(line))

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _take(self, record: dict[str, Any]) -> None:
        key = record["block"], record["id"], record["revision"]
        if key in self.by_key:
            self.twice.append(key)
        self.by_key[key] = record
        if record["block"] == "each":
            self.seen.add(record["seq"])


class System:
    """The processes, in one working directory; `ports` by edge and input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = Rows(folder / "rows.ndjson")
        self.taken = [Rows(folder / f"taken-{edge}.ndjson") for edge in EDGES]
        self.ports = {(edge, name): free_port() for edge in EDGES for name in ("asked", "pushed")}
        self._central = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "soak.yaml").write_text(DOCUMENT)
        for edge in EDGES:
            self.feed(edge).touch()

    def read(self) -> None:
        """All that is new in the files."""
        for rows in (self.rows, *self.taken):
            rows.read()

    def has(self, seq: int) -> bool:
        """Whether an edge has published that it has an event."""
        return any(seq in rows.seen for rows in self.taken)

    def feed(self, edge: str) -> Path:
        """The file that an edge reads."""
        return self.folder / f"feed-{edge}.ndjson"

    def start(self, name: str) -> None:
        """Start a runtime; it is not waited for."""
        values: dict[str, object] = {"central": self._central}
        node = ["--node", "central", "--expect", str(len(EDGES))]
        if name != "central":
            values |= {"asked": self.ports[name, "asked"], "pushed": self.ports[name, "pushed"]}
            values |= {"feed": self.feed(name).name, "taken": f"taken-{name}.ndjson"}
            node = ["--node", "edge"]
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        options = ["--instance", name, "--state", "state", "--store", "off", *node, *sets]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "slac.cli", "run", "soak.yaml", *options], cwd=self.folder, stderr=log
            )

    def kill(self, name: str) -> None:
        """`kill -9`; it must have been alive."""
        process = self._processes[name]
        assert process.poll() is None, self.complain()
        process.send_signal(signal.SIGKILL)
        process.wait(FEW)

    def stop(self) -> None:
        """All end in good order."""
        for name in (*EDGES, "central"):
            self._processes[name].send_signal(signal.SIGTERM)
            assert self._processes[name].wait(FEW) == 0, self.complain()

    @contextmanager
    def running(self) -> Iterator[None]:
        """All are started; none outlives the block."""
        try:
            for name in NAMES:
                self.start(name)
            yield
        finally:
            for process in self._processes.values():
                process.kill()
                process.wait(FEW)
            for rows in (self.rows, *self.taken):
                rows.close()

    def complain(self) -> str:
        """The ends of all logs."""
        ends = [f"{n}:\n" + (self.folder / f"{n}.log").read_text()[-3000:] for n in NAMES if n in self._processes]
        return "\n".join(["it did not happen", *ends])


ROUNDS: Final = int(os.environ.get("SLAC_SOAK_ROUNDS", "2"))
