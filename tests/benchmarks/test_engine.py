"""What the engine benchmark compares is the same on both sides; no time is looked at."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks.agreement import check_agreement
from benchmarks.engine import one, patterns, tumbling
from benchmarks.inputs import requests, requests_arrow, requests_ndjson, steps_arrow
from slac.diagnostics import RunFailed

EVENTS = 250_000


@pytest.mark.parametrize(("make", "events"), [(requests_arrow, EVENTS), (requests_ndjson, EVENTS // 10)])
def test_slac_and_polars_say_the_same(make: object, events: int, tmp_path: Path) -> None:
    """Row by row, over several blocks and windows."""
    source = make(events, tmp_path)  # type: ignore[operator]

    tumbling.check(source)


@pytest.mark.parametrize("case", ["pattern_next", "pattern_each"])
def test_patterns_by_columns_and_the_evaluator_say_the_same(case: str, tmp_path: Path) -> None:
    """Row by row and id by id, through the whole runtime."""
    patterns.check(case, steps_arrow(3_000, patterns.RATES[case], tmp_path))


def test_inputs_are_the_same_every_time() -> None:
    """They are drawn from a seed, and a shorter one is not another."""
    assert requests(1000).equals(requests(1000))


def test_a_difference_is_told() -> None:
    """A wrong number, a missing row, and nothing at all."""
    rows = pl.DataFrame({"k": ["a", "b"], "x": [1.0, None]})
    check_agreement(rows, rows.reverse(), ["k"])
    check_agreement(rows, rows.with_columns(pl.col("x") * (1 + 1e-12)), ["k"])

    for other in (rows.with_columns(x=pl.lit(1.0)), rows.head(1), rows.rename({"x": "y"})):
        with pytest.raises(RunFailed):
            check_agreement(rows, other, ["k"])
    with pytest.raises(RunFailed, match="nothing to compare"):
        check_agreement(rows.clear(), rows.clear(), ["k"])


def test_some_cases_can_be_measured_alone() -> None:
    """Who names none that there is is told which there are."""
    with pytest.raises(SystemExit, match="sliding, latest"):
        one.main(["slide"])
