"""What the benchmark of traces compares is the same on both sides; no time is looked at."""

from __future__ import annotations

from pathlib import Path

from benchmarks.traces import both
from benchmarks.traces.calls import calls, calls_arrow


def test_slac_and_polars_say_the_same(tmp_path: Path) -> None:
    """Over several blocks, with traces across them."""
    both.check(calls_arrow(8_000, tmp_path))


def test_inputs_are_the_same_every_time() -> None:
    """They are drawn from a seed."""
    assert calls(100).equals(calls(100))
