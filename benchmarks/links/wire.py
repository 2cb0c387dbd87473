"""What an edge sends in a window of the business events: its partial rows, signs of life and watermarks."""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from benchmarks.links.worker import DOCUMENT, USERS, WINDOW, partials
from slac.runtime.links.bodies import to_body
from slac.stream.clock import SECOND
from slac.testing import free_port

SECONDS: Final = 30.0
EVENTS: Final = 100
"""Of a request; ten a second."""


class Sent(msgspec.Struct, frozen=True):
    """Of an edge in a window: bytes of its raw events, of groups × row size, of its rows on the wire, of all else."""

    raw: float
    groups: float
    rows: float
    beside: float


def measured(seconds: float = SECONDS) -> Sent:
    """A real edge under 1 000 events a second, whose window does not end meanwhile: what it sends is all but rows."""
    frame = partials(USERS)[1]
    raw, beside = _live(seconds)
    window = WINDOW / SECOND
    return Sent(raw * window, float(frame.estimated_size()), float(len(to_body(frame))), beside * window)


def _live(seconds: float) -> tuple[float, float]:
    """Bytes a second that come in, and that cross the link in both directions."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        port, summary = free_port(), Path(folder) / "summary.json"
        values = {
            "central": f"tcp://127.0.0.1:{free_port()}",
            "listen": f"127.0.0.1:{port}",
            "results": f"tcp://127.0.0.1:{free_port()}",
        }
        sets = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
        edge, central = (
            stack.enter_context(_started(Path(folder), node, *more, *sets))
            for node, more in (("edge", ("--summary", str(summary))), ("central", ()))
        )
        stack.callback(central.kill)
        stack.callback(edge.kill)
        while not _post(port, 1):
            time.sleep(0.1)
        came, end = 0, time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            came += _post(port, EVENTS)
            time.sleep(max(now + 0.1 - time.monotonic(), 0.0))
        edge.terminate()
        edge.wait(60)
        network = msgspec.json.decode(summary.read_bytes())["usage"]["network_mean"] / 8
    return came / seconds, network


def _started(folder: Path, node: str, *more: str) -> subprocess.Popen[bytes]:
    document = str(Path(DOCUMENT).resolve())
    command = [sys.executable, "-m", "slac.cli", "run", document, "--node", node, "--store", "off", *more]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _post(port: int, count: int) -> int:
    """Events of now; the bytes that were taken."""
    now, draw = time.time_ns() // 1_000_000, np.random.default_rng(count)
    head = f'{{"timestamp":{now},"payload":{{"action":"login","user":"user-'
    tail = '","session":"s","ok":true,"amount":1,"duration_ms":12.5},"context":{"service":"orders"}}\n'
    body = "".join(f"{head}{user:06d}{tail}" for user in draw.integers(0, USERS, count).tolist()).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/events", body)
        return len(body) if connection.getresponse().status == http.HTTPStatus.ACCEPTED else 0
    except OSError:
        return 0
    finally:
        connection.close()
