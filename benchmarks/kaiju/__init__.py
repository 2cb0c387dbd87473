"""Kaiju's load on all rule sets at once: what edge and central use, how long a result takes, what crosses the link.

2 000 metrics, 1 500 lines and 2 500 spans a second (Kaiju, section 6). A result's latency is counted from the passage
of the watermark to its arrival here: from the moment when the feed hands over the first events that are later than the
result's own time (the end of its window, or its last event). No runtime can know before that nothing earlier will
come; the inputs have no lateness. The feed hands over every 50 ms.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import zmq

from benchmarks.inputs import CACHE
from benchmarks.kaiju.feed import Feed
from benchmarks.report import Bar, Row, row
from benchmarks.runtimes import Runtimes, running
from slac.diagnostics import RunFailed
from slac.testing import free_port

WARM: Final = 15.0
SECONDS: Final = 60.0
LAST: Final = 1.0
"""Seconds in which the last results may still arrive."""
SLICES: Final = 20
"""A second comes in so many parts."""
NODES: Final = ("central", "edge")
INPUTS: Final = ("metrics", "logs", "spans")
CORE: Final = Bar("under", 8.0)
MEMORY: Final = Bar("under", 250.0)
SLOWEST: Final = Bar("under", 250.0)
PAPER: Final = Bar("under", 0.43 + 1.50)
"""Mbit/s that a node of the paper receives and sends."""


@dataclass(slots=True)
class Seen:
    """What was handed over, and results as they arrive: their blocks, their times, and when they came (s)."""

    handed: list[tuple[float, float]] = field(default_factory=list)
    results: list[tuple[str, float, float]] = field(default_factory=list)

    def take(self, socket: zmq.Socket[bytes], until: float) -> None:
        """All that arrives before `until` (monotonic seconds)."""
        while socket.poll(max(0, round(1e3 * (until - time.monotonic())))):
            lines = map(msgspec.json.decode, socket.recv_multipart()[-1].splitlines())
            now = time.time()
            self.results += [(x["block"], datetime.fromisoformat(x["time"]).timestamp(), now) for x in lines]

    def latencies(self, since: float) -> Iterator[tuple[str, float]]:
        """Blocks, and ms from the passage of the watermark (at or after `since`) to the arrival of their results."""
        events, moments = zip(*self.handed, strict=True)
        for block, at, arrived in self.results:
            place = bisect_right(events, at)
            if place < len(moments) and moments[place] >= since:
                yield block, 1e3 * (arrived - moments[place])


def run(warm: float = WARM, seconds: float = SECONDS) -> list[Row]:
    """CPU and memory of both runtimes, latency of results, bytes between the runtimes."""
    ports = {name: f"tcp://127.0.0.1:{free_port()}" for name in (*INPUTS, "results", "central")}
    log = CACHE / "kaiju" / "log"
    with _sockets(ports) as (feeds, results):
        with running(Path(__file__).parent / "load.yaml", NODES, ports, log) as runtimes:
            runtimes.wait_until_joined()
            measured, seen = _feed(feeds, results, runtimes, warm, seconds)
        sent = _network(log)
    used, resident = measured
    if not seen:
        raise RunFailed(f"no result came ({log} may say why)")
    p50, p99 = np.quantile([ms for _, ms in seen], [0.5, 0.99])
    rows = [row(f"{node}: CPU", 100 * used[node] / seconds, "% of a core") for node in NODES]
    rows += [row(f"{node}: memory", resident[node] / 1e6, "MB", bar=MEMORY) for node in NODES]
    return [
        row("both: CPU", 100 * sum(used.values()) / seconds, "% of a core", bar=CORE),
        *rows,
        row("latency of a result, median", float(p50), "ms"),
        row("latency of a result, 99 %", float(p99), "ms", bar=SLOWEST),
        row("between the runtimes", sent / 1e6, "Mbit/s", bar=PAPER),
    ]


def _feed(
    feeds: dict[str, zmq.Socket[bytes]], results: zmq.Socket[bytes], runtimes: Runtimes, warm: float, seconds: float
) -> tuple[tuple[dict[str, float], dict[str, int]], list[tuple[str, float]]]:
    feed, seen = Feed(SLICES), Seen()
    began = time.monotonic()
    before: dict[str, float] = {}
    since = 0.0
    for turn in range(round((warm + seconds) * SLICES)):
        seen.take(results, began + turn / SLICES)
        if not before and turn >= warm * SLICES:
            before, since = runtimes.cpu_seconds(), time.time()
        at = time.time_ns() // 1_000
        made = feed.slice(at)
        # Events are in whole milliseconds; the moment is that before the first of them leaves.
        seen.handed.append((at // 1_000 / 1e3, time.time()))
        for name, lines in made.items():
            feeds[name].send(lines)
    after = runtimes.cpu_seconds()
    seen.take(results, time.monotonic() + LAST)
    used = {node: after[node] - before[node] for node in NODES}
    return (used, runtimes.resident()), list(seen.latencies(since))


def _network(log: Path) -> float:
    """Bits a second over the link, as the edge has measured them."""
    summary: dict[str, Any] = msgspec.json.decode(log.with_name("edge.json").read_bytes())
    return float(summary["usage"]["network_mean"])


@contextmanager
def _sockets(ports: dict[str, str]) -> Iterator[tuple[dict[str, zmq.Socket[bytes]], zmq.Socket[bytes]]]:
    with zmq.Context() as context:
        feeds = {name: context.socket(zmq.PUSH) for name in INPUTS}
        results = context.socket(zmq.SUB)
        try:
            results.bind(ports["results"])
            results.subscribe(b"")
            for name, socket in feeds.items():
                socket.connect(ports[name])
            yield feeds, results
        finally:
            for socket in (*feeds.values(), results):
                socket.close(linger=0)
