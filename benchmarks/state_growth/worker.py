"""One kind of operator with so many keys: `python -m benchmarks.state_growth.worker KIND KEYS BATCHES` prints JSON."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl
import psutil

from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.stream.ports import Records

ROWS: Final = 1_000
FILL: Final = 65_536
EPOCH_MS: Final = 1_700_000_000_000 // 21_600_000 * 21_600_000
"""The start of a window of six hours."""
SPAN: Final = 1_000
"""Batches in a sliding window: one a ms."""
WARM: Final = 100
"""Batches before the first that counts."""


def compiled(kind: str) -> Plan:
    """The plan of `KIND.yaml`, all on one node."""
    return compile_paths([str(Path(__file__).parent / f"{kind}.yaml")], CompileOptions(collapse=True))[0].plan


def keys_of(size: int) -> pl.Series:
    """The keys: texts of 20 characters."""
    return pl.Series([f"customer-{i:011d}" for i in range(size)])


def records(at: int, keys: pl.Series, *, ok: bool, block: str) -> Records:
    """A batch: one row a key, all at one instant (ms after the epoch of the benchmark)."""
    n = len(keys)
    columns = {"timestamp": pl.repeat(EPOCH_MS + at, n, dtype=pl.Int64, eager=True), "key": keys}
    columns["value"] = pl.Series(np.arange(n, dtype=np.float64))
    if block == "samples":
        columns["ok"] = pl.repeat(ok, n, dtype=pl.Boolean, eager=True)
    return Records(source=block, arrival=0, frame=pl.DataFrame(columns))


def fill(core: Core, keys: pl.Series) -> int:
    """One row of every key; returns the next instant."""
    at = 0
    for start in range(0, len(keys), FILL):
        at += 1
        for block in core.sources:
            core.on_records(block, [records(at, keys.slice(start, FILL), ok=True, block=block)])
    return at + 1


def fill_window(core: Core, keys: pl.Series) -> int:
    """As many batches as a window of a second holds, through all keys; returns the next instant."""
    for at in range(SPAN):
        rows = keys.gather((np.arange(ROWS) + at * ROWS) % len(keys))
        for block in core.sources:
            core.on_records(block, [records(at, rows, ok=True, block=block)])
    return SPAN


def batches(keys: pl.Series, count: int, at: int) -> Iterator[tuple[int, pl.Series, bool]]:
    """Instants, keys and outcomes: 1 000 distinct keys, each twice, so that what a row opens the next one closes."""
    draw = np.random.default_rng(20_113)
    chosen = keys
    for n in range(count):
        if n % 2 == 0:
            chosen = keys.gather(draw.choice(len(keys), ROWS, replace=False, shuffle=False))
        yield at + n, chosen, n % 2 == 1


def main(kind: str, size: int, count: int) -> None:
    """Print the mean and 99.9th percentile of a batch's CPU seconds, and the bytes of memory that a key took."""
    core, keys = Core(compiled(kind), now=0, live=False), keys_of(size)
    before = _resident()
    at = fill_window(core, keys) if kind == "sliding" else fill(core, keys)
    weight = (_resident() - before) / size
    taken = []
    for instant, chosen, ok in batches(keys, count + WARM, at):
        given = [(block, records(instant, chosen, ok=ok, block=block)) for block in core.sources]
        began = time.process_time()
        for block, batch in given:
            core.on_records(block, [batch])
        taken.append(time.process_time() - began)
    measured = np.array(taken[WARM:])
    said = {"mean": float(measured.mean()), "worst": float(np.quantile(measured, 0.999)), "bytes": weight}
    sys.stdout.buffer.write(msgspec.json.encode(said))


def _resident() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
