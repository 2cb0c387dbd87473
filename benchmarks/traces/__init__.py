"""Ten-call traces a second, put together, checked and reduced to classes, beside bare Polars doing the same."""

from __future__ import annotations

from typing import Final

from benchmarks.measure import on_one_core
from benchmarks.report import Bar, Row, row

RECORDS: Final = 2_000_000
RUNS: Final = 5
_TOLD: Final = {
    "executions": ("ten-call traces from executions, columnar, to classes", 10, Bar("over", 1_000.0)),
    "events": ("ten-call traces from before/after events, columnar, to classes", 20, Bar("over", 500.0)),
}
"""Of each form its row's name, its records a trace, and its bar in thousands a second."""


def run() -> list[Row]:
    """All rows."""
    return [_measured(form, *told) for form, told in _TOLD.items()]


def _measured(form: str, name: str, records: int, bar: Bar) -> Row:
    traces = RECORDS // records
    seconds = on_one_core("benchmarks.traces.worker", form, str(traces), str(RUNS))
    rates = {side: traces / taken / 1e3 for side, taken in seconds.items()}
    return row(name, rates["slac"], "k traces/CPU s", peer="bare Polars", peer_value=rates["polars"], bar=bar)
