"""The inputs of the benchmarks: made once, the same on every machine, and kept under `var/bench/`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import polars as pl

CACHE: Final = Path("var") / "bench"
EPOCH_MS: Final = 1_700_000_000_000
PER_MS: Final = 10
"""10 000 events a second of event time."""
CLIENTS: Final = 1_000
ORDERS: Final = 500
BATCH: Final = 65_536


def requests(events: int) -> pl.DataFrame:
    """Requests to a service: `timestamp` (ms, ten events each), `client` (1 000), `region`, `status`, `duration`."""
    draw = np.random.default_rng(20_111)
    clients = pl.Series([f"client-{i:04d}" for i in range(CLIENTS)])
    regions = pl.Series(["eu-west", "eu-north", "us-east"])
    return pl.DataFrame(
        {
            "timestamp": pl.Series(EPOCH_MS + np.arange(events) // PER_MS),
            "client": clients.gather(draw.integers(0, CLIENTS, events)),
            "region": regions.gather(draw.integers(0, len(regions), events)),
            "status": draw.choice([200, 200, 200, 404, 500], events),
            "duration": np.round(draw.exponential(20.0, events), 3),
        }
    )


def steps(events: int, per_second: int) -> pl.DataFrame:
    """Steps of `ORDERS` orders: `timestamp` (ms), `order`, `kind` (A and B in equal parts)."""
    draw = np.random.default_rng(20_112)
    orders = pl.Series([f"order-{i:04d}" for i in range(ORDERS)])
    return pl.DataFrame(
        {
            "timestamp": pl.Series(EPOCH_MS + np.arange(events) * 1_000 // per_second),
            "order": orders.gather(draw.integers(0, ORDERS, events)),
            "kind": draw.choice(["A", "B"], events),
        }
    )


def steps_arrow(events: int, per_second: int, directory: Path = CACHE) -> Path:
    """The steps as an Arrow IPC file of flat columns, not compressed."""
    path = directory / f"steps-{events}-{per_second}.arrow"
    return kept(path, lambda path: write_arrow(steps(events, per_second), path))


def requests_arrow(events: int, directory: Path = CACHE) -> Path:
    """The requests as an Arrow IPC file of flat columns, not compressed."""
    return kept(directory / f"requests-{events}.arrow", lambda path: write_arrow(requests(events), path))


def requests_ndjson(events: int, directory: Path = CACHE) -> Path:
    """The requests as NDJSON in the wire form, with fields that nobody declared (about 185 bytes a line)."""
    return kept(directory / f"requests-{events}.ndjson", lambda path: write_ndjson(requests(events), path))


def kept(path: Path, make: Callable[[Path], None]) -> Path:
    """The file that `make` writes, made when it is not there; nobody sees a half of it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        make(unfinished)
        unfinished.replace(path)
    return path


def write_arrow(frame: pl.DataFrame, path: Path) -> None:
    """Write flat columns in record batches of a block each."""
    frame.write_ipc(path, compression="uncompressed", record_batch_size=BATCH)


def write_ndjson(frame: pl.DataFrame, path: Path) -> None:
    """Write requests in the wire form."""
    with path.open("wb") as file:
        for i, (timestamp, client, region, status, duration) in enumerate(frame.iter_rows()):
            event = {
                "timestamp": timestamp,
                "payload": {"status": status, "duration": duration, "path": f"/shop/items/{i % 977}"},
                "context": {"client": client, "service": "checkout", "region": region, "host": f"web-{i % 17:02d}"},
            }
            file.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
