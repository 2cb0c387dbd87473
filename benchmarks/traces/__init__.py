"""Ten-call traces a second, put together, checked and reduced to classes, beside bare Polars doing the same."""

from __future__ import annotations

from benchmarks.measure import on_one_core
from benchmarks.report import Row, row
from benchmarks.traces.calls import CALLS, calls_arrow

TRACES = 50_000
RUNS = 5


def run() -> list[Row]:
    """All rows."""
    seconds = on_one_core("benchmarks.traces.worker", str(calls_arrow(TRACES)), str(RUNS))
    rates = {side: TRACES / taken / 1e3 for side, taken in seconds.items()}
    name = f"traces of {CALLS} executions, columnar, to classes a second"
    return [row(name, rates["slac"], "k traces/CPU s", peer="bare Polars", peer_value=rates["polars"])]
