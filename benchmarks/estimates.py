"""How wrong results are at one tenth of the events: dropped at random, or as the gate drops them.

One request in a hundred fails, and lasts thirty times as long (it times out). Both gates keep the same number of
events; the second knows which fail, keeps these, and counts what it drops. Errors are against the undropped truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson
import polars as pl

from benchmarks.report import Bar, Row, row
from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.batch import BOUNDS
from slac.stream.ports import Records

KEPT: Final = 0.1
FAILING: Final = 0.01
WINDOWS: Final = 2_000
_SECOND: Final = 1_000_000
_START: Final = 1_700_000_040 * _SECOND
_SERVICES: Final = 50
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: estimates}
spec:
  events:
    Request: {payload: {service: string, ok: bool, latency: float}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request}
  computations:
    health:
      from: requests
      by: service
      window: tumbling 1m
      select:
        - n: COUNT(*)
        - failed: COUNT(*) FILTER (WHERE NOT ok)
        - ratio: SHARE(NOT ok)
        - latency: AVG(latency)
  violations:
    failing: {from: health, where: ratio > 0.5, by: service}
  outputs:
    log: {adapter: stdout, from: [failing, health]}
"""
_NAMES: Final = {"failed": "count of failures", "ratio": "error ratio", "latency": "mean latency"}


def run(windows: int = WINDOWS, events: int = 500) -> list[Row]:
    """Root mean square of relative errors over all windows, and how often intervals hold the truth."""
    given = requests(windows * events, windows)
    success = (KEPT - FAILING) / (1 - FAILING)
    plain = outcome(given, Admission(unread=weight_of(KEPT)))
    by_class = Admission(classes={0: (weight_of(success),)}, counts=True)
    strata, true = outcome(given, by_class), outcome(given, OPEN)
    rows = []
    for name, text in _NAMES.items():
        errors = [error(true, found, name) for found in (plain, strata)]
        bar = Bar("under", 0.5, of="ratio")
        rows.append(
            row(f"{text}: relative error", 100 * errors[1], "%", peer="plain", peer_value=100 * errors[0], bar=bar)
        )
    for text, found in (("dropped at random", plain), ("by class", strata)):
        for name, what in _NAMES.items():
            rows.append(row(f"{text}: intervals of {what} that hold", 100 * held(true, found, name), "%"))
    return rows


def requests(count: int, windows: int) -> list[bytes]:
    """Requests as NDJSON in the order of time, in pieces of one minute."""
    rng = np.random.default_rng(5)
    minutes = max(1, windows // _SERVICES)
    service, ok = rng.integers(0, _SERVICES, count), rng.random(count) >= FAILING
    latency = np.where(ok, 1.0, 30.0) * rng.exponential(100.0, count)
    times = (_START + np.sort(rng.integers(0, minutes * 60 * _SECOND, count))) // 1000
    lines = [
        orjson.dumps({"timestamp": t, "payload": {"service": f"s{s}", "ok": o, "latency": x}}) + b"\n"
        for t, s, o, x in zip(times.tolist(), service.tolist(), ok.tolist(), latency.tolist(), strict=True)
    ]
    size = -(-count // minutes)
    return [b"".join(lines[i : i + size]) for i in range(0, count, size)]


def outcome(pieces: Sequence[bytes], admission: Admission) -> pl.DataFrame:
    """The rows of all windows where the gate admits so much."""
    core = Core(compile_document(Source("estimates.yaml", DOCUMENT)).plan, now=_START, live=False)
    if admission is not OPEN:
        core.sources["requests"].gate.set_admission(KEPT, "cpu", {}, admission=admission)
    rows: list[pl.DataFrame] = []
    core.flow.tap = lambda node, batch: rows.append(batch.frame) if node == "health" else None
    for piece in pieces:
        core.on_records("requests", [Records(source="web", arrival=_START + 86_400 * _SECOND, ndjson=piece)])
    core.on_input_ended("requests")
    return pl.concat(rows, how="diagonal").sort("service", "_time")


def error(true: pl.DataFrame, found: pl.DataFrame, name: str) -> float:
    """Of windows that both have, where the truth is not 0."""
    both = _both(true, found).filter(pl.col(name) != 0)
    relative = (both[f"{name}_right"].cast(pl.Float64) / both[name].cast(pl.Float64) - 1).to_numpy()
    return float(np.sqrt(np.mean(relative * relative)))


def held(true: pl.DataFrame, found: pl.DataFrame, name: str) -> float:
    """The share of windows whose interval holds the truth; an exact row holds what it is."""
    both = _both(true, found)
    fields = {f.name for f in found.schema[BOUNDS].fields} if BOUNDS in found.columns else set()  # type: ignore[attr-defined]
    value = pl.col(f"{name}_right").cast(pl.Float64)
    low, high = (
        pl.coalesce(pl.col(BOUNDS).struct.field(f"{name}_{end}"), value) if f"{name}_{end}" in fields else value
        for end in ("low", "high")
    )
    truth = pl.col(name).cast(pl.Float64)
    return float(both.select(((low <= truth + 1e-9) & (truth <= high + 1e-9)).mean()).item())


def _both(true: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return true.drop(BOUNDS, strict=False).join(found, on=["service", "_time"], how="inner")
