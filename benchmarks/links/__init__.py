"""What a link carries: the partial aggregates of the business events, from one process on one core to another.

Processor time at each end, so that what else the machine does matters little; beside it the same frames as bare Arrow
IPC over ZeroMQ, and what encryption adds. Bytes are those on the wire. Then what a real edge sends in a window, beside
its raw events, and what a real central takes of a core for 200 edges.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.links import edges, wire
from benchmarks.links.worker import Told
from benchmarks.measure import ONE_THREAD
from benchmarks.report import Bar, Row, row
from slac.diagnostics import RunFailed
from slac.runtime.trust.keyring import KeyRing
from slac.testing import free_port

BAR: Final = Bar("over", 5.0)
ROWS: Final = 3_000_000
SIZES: Final = (2_000, 100_000)
"""Rows of a message: one window of one edge with 2 000 users, and what a fast replay or a catch-up has in a wave."""
PEER: Final = "bare IPC"
PLAIN: Final = "unencrypted"
GROUPS: Final = Bar("under", 1.2)
RAW: Final = Bar("over", 20)
SHARE: Final = Bar("under", 50)


def run(rows: int = ROWS) -> list[Row]:
    """Both ends at each size, beside the bare library, and bytes a row; then encryption, a window, and many edges."""
    found: list[Row] = []
    for size in SIZES:
        link, bare = (_pair(kind, size, rows) for kind in ("link", "bare"))
        bar = BAR if size == max(SIZES) else None
        for end, mine, peer in zip(("sender", "receiver"), link, bare, strict=True):
            name = f"{end}, messages of {size:,} rows"
            found.append(row(name, _speed(mine), "M rows/s of a core", peer=PEER, peer_value=_speed(peer), bar=bar))
        found.append(row(f"bytes a row, messages of {size:,} rows", link[0].bytes / link[0].rows, "bytes"))
        if bar is not None:
            found += _encrypted(size, rows, link)
    return [*found, *_window(), *_many()]


def _encrypted(size: int, rows: int, plain: tuple[Told, Told]) -> list[Row]:
    """The same with keys."""
    with tempfile.TemporaryDirectory() as place:
        for name in ("edge/e", "central/c"):
            KeyRing(Path(place) / name.partition("/")[0]).new(name)
        ends = _pair("curve", size, rows, {"SLAC_BENCHMARK_KEYS": place})
    return [
        row(
            f"{end} with keys, messages of {size:,} rows",
            _speed(mine),
            "M rows/s of a core",
            peer=PLAIN,
            peer_value=_speed(p),
        )
        for end, mine, p in zip(("sender", "receiver"), ends, plain, strict=True)
    ]


def _window() -> list[Row]:
    """One edge in ten minutes, with 2 000 users and 1 000 events a second."""
    sent = wire.measured()
    whole = sent.rows + sent.beside
    return [
        row("an edge in a window of 10 min: partial rows", sent.rows / 1e3, "kB"),
        row("an edge in a window of 10 min: all beside them", sent.beside / 1e3, "kB"),
        row("all of it, for each byte of groups × row size", whole / sent.groups, "times", bar=GROUPS),
        row("raw events, for each byte of it", sent.raw / whole, "times", bar=RAW),
    ]


def _many() -> list[Row]:
    """One central."""
    got = edges.measured()
    name = f"{edges.EDGES} edges, {got.batches:,.0f} messages of {edges.ROWS} rows a second: share of a core of central"
    return [row(name, 100 * got.share, "%", bar=SHARE)]


def _speed(told: Told) -> float:
    return told.rows / told.seconds / 1e6


def _pair(kind: str, size: int, rows: int, environment: Mapping[str, str] | None = None) -> tuple[Told, Told]:
    """What the sender and the receiver tell; each has a core of its own, where there are two."""
    address = f"tcp://127.0.0.1:{free_port()}"
    cores = sorted(os.sched_getaffinity(0))
    started = [
        _start([kind, end, address, str(size), str(max(rows // size, 1))], core, environment or {})
        for end, core in (("receiver", cores[0]), ("sender", cores[-1]))
    ]
    try:
        receiver, sender = (_ended(process) for process in started)
    finally:
        for process in started:
            process.kill()
    return sender, receiver


def _start(arguments: Sequence[str], core: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.links.worker", *arguments],
        env={**os.environ, **ONE_THREAD, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - this process has no threads yet
    )


def _ended(process: subprocess.Popen[bytes]) -> Told:
    out, errors = process.communicate(timeout=600)
    if process.returncode:
        raise RunFailed(f"an end of the link failed:\n{errors.decode()[-2000:]}")
    return msgspec.json.decode(out, type=Told)
