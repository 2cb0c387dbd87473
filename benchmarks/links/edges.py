"""Two hundred edges at one central: `python -m benchmarks.links.edges ADDRESS SECONDS` plays the edges.

Each has a link of its own. Central is a runtime as `slac run` starts it; its processor time is read while they send.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import polars as pl
import psutil

from benchmarks.links.worker import DOCUMENT, WINDOW, partials
from benchmarks.measure import ONE_THREAD
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.instructions import Send
from slac.runtime.links.client import LinkClient
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import Hello
from slac.stream.batch import TIME, WINDOW_START
from slac.stream.clock import SECOND, SystemClock
from slac.testing import free_port

EDGES: Final = 200
BATCHES: Final = 5
"""Of each edge a second …"""
ROWS: Final = 10
"""… each of so many rows."""
SECONDS: Final = 20.0
WARMING: Final = 5.0
"""Seconds before those that count."""


class Central(msgspec.Struct, frozen=True):
    """What central used: the share of a core, and the messages that the edges sent in a second."""

    share: float
    batches: float


def measured(seconds: float = SECONDS) -> Central:
    """Both sides as processes of their own, for so long."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"tcp://127.0.0.1:{free_port()}"
        with _central(Path(folder), address) as central:
            command = [sys.executable, "-m", "benchmarks.links.edges", address, str(seconds + WARMING)]
            edges = subprocess.Popen(command, stdout=subprocess.PIPE)
            try:
                assert edges.stdout is not None
                edges.stdout.readline()  # all are welcomed
                time.sleep(WARMING)
                before, began = _cpu(central), time.monotonic()
                time.sleep(seconds)
                used, passed = _cpu(central) - before, time.monotonic() - began
                out, _ = edges.communicate(timeout=600)
            finally:
                edges.kill()
        return Central(used / passed, float(out))


@contextmanager
def _central(folder: Path, address: str) -> Iterator[psutil.Process]:
    """The document's central, with state and store."""
    document = Path(DOCUMENT).resolve()
    results = f"results=tcp://127.0.0.1:{free_port()}"
    options = ["--node", "central", "--state", "state", "--set", f"central={address}", "--set", results]
    command = [sys.executable, "-m", "slac.cli", "run", str(document), *options]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command, cwd=folder, stderr=log, stdout=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD}
        ) as process,
    ):
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def play(address: str, seconds: float) -> None:
    """All edges, in one process: it is central that is measured."""
    plan, frame = partials(ROWS)
    node = next(n for n in plan.nodes if isinstance(n, LinkOutNode))
    clients = [_client(plan, node.stream, number, address) for number in range(EDGES)]
    for client in clients:
        client.start()
    while not all(client.welcomed for client in clients):  # noqa: ASYNC110 - the client has no event for it
        await asyncio.sleep(0.05)
    print(flush=True)
    began, sent = time.monotonic(), 0
    steps = max(int(seconds * BATCHES), 1)
    for step in range(steps):
        mark = time.time_ns() // 1000
        body = _rows(frame, mark)
        for number, client in enumerate(clients):
            client.send(Send(node.stream, "central", body, mark))
            sent += 1
            if number % 10 == 9:
                due = began + (step + number / EDGES) / BATCHES
                await asyncio.sleep(max(due - time.monotonic(), 0.0))
    print(sent / (time.monotonic() - began))


def _rows(frame: pl.DataFrame, mark: int) -> pl.DataFrame:
    """Rows of a window that ends at `mark`."""
    ends, begins = (pl.lit(at, pl.Int64).cast(frame.schema[TIME]) for at in (mark - 1, mark - WINDOW))
    return frame.with_columns(ends.alias(TIME), begins.alias(WINDOW_START))


def _client(plan: Plan, stream: str, number: int, address: str) -> LinkClient:
    hello = Hello(
        document=plan.document,
        meaning=plan.meaning,
        node="edge",
        instance=f"e{number}",
        session=f"{number}/{time.time_ns()}",
        streams=(stream,),
    )
    return LinkClient(hello, address, Outbox((stream,), 64 * SECOND), clock=SystemClock(), wake=lambda: None)


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1], float(sys.argv[2])))
