"""A link over a real network that is slow, loses packets, and is cut for a while: encrypted, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slac.cli.main import main
from tests.network import Side, wired
from tests.runtime.links.test_processes import DOCUMENTS, lines, run, write_orders

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

FEW = 240.0
"""Seconds that anything here may take, on a machine that has other things to do."""
ORDERS = 4_000
PORT = 7000


@pytest.fixture
def keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Of central and an edge, which know each other."""

    def slac(*arguments: str) -> str:
        assert main(["keys", *arguments], environment={}) == 0
        return capsys.readouterr().out.strip()

    for name, other in (("central/c", "e"), ("edge/e", "c")):
        public = slac("new", name, "--keys", str(tmp_path / name[-1]))
        slac("allow", public, "--as", name, "--keys", str(tmp_path / other))
    return tmp_path


@contextmanager
def started(side: Side, folder: Path, node: str, instance: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A runtime on one side of the wire; it does not outlive the block."""
    options = ["--node", node, "--instance", instance, "--keys", instance, "--once", "--store", "off", *more]
    command = side.command(sys.executable, "-m", "slac.cli", "run", str(DOCUMENTS / "away.yaml"), *options)
    with (folder / f"{node}.log").open("wb") as log, subprocess.Popen(command, cwd=folder, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool], folder: Path) -> None:
    """Wait for what a process does."""
    deadline = time.monotonic() + FEW
    while not condition():
        assert time.monotonic() < deadline, log(folder, "edge") + log(folder, "central")
        time.sleep(0.02)


def log(folder: Path, node: str) -> str:
    """What a runtime has logged."""
    path = folder / f"{node}.log"
    return path.read_text() if path.exists() else ""


def test_a_slow_and_lossy_network_that_is_cut(keys: Path) -> None:
    """2 Mbit/s, 60 ms there and back, 2 % of packets lost, and cut until the edge has noticed: as in one process."""
    folder = keys
    write_orders(folder, ORDERS, 1, noted=150)
    run(folder, "away.yaml", "--set", "record=one.ndjson")
    with wired() as (here, there, wire):
        wire.loss, wire.delay, wire.rate = 0.02, 0.03, 250_000
        options = ["--set", f"central=tcp://{here.address}:{PORT}", "--set", "record=two.ndjson"]
        with (
            started(here, folder, "central", "c", "--expect", "1", *options) as central,
            started(there, folder, "edge", "e", *options) as edge,
        ):
            until(lambda: "connected to" in log(folder, "edge"), folder)
            wire.is_cut = True
            until(lambda: "does not answer" in log(folder, "edge"), folder)
            wire.is_cut = False
            assert edge.wait(FEW) == 0, log(folder, "edge")
            assert central.wait(FEW) == 0, log(folder, "central")
        assert wire.dropped
    assert len(lines(folder, "one.ndjson")) == ORDERS
    assert lines(folder, "two.ndjson") == lines(folder, "one.ndjson")
