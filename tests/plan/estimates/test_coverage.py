"""Intervals hold the truth as often as they say, and estimates are right on average: over two thousand windows each."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest

from slac.plan.aggregates import final_exprs, partials
from slac.plan.estimates.calls import with_estimates
from slac.plan.estimates.columns import EstimatedColumns
from slac.plan.expressions import AggregateCall, Column
from slac.plan.signatures import BOOL, FLOAT, INT
from slac.stream.batch import COUNT, ID, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE

WINDOWS, ROWS = 2000, 400
KINDS = ("constant", "exponential", "lognormal")
FAILED = Column(name="failed", dtype=BOOL)
CALLS = (
    AggregateCall(name="count", function="count", dtype=INT),
    AggregateCall(name="failures", function="count", where=FAILED, dtype=INT),
    AggregateCall(name="share", function="share", args=(FAILED,), dtype=FLOAT),
    *(
        AggregateCall(name=f"{function} {kind}", function=function, args=(Column(name=kind, dtype=FLOAT),), dtype=FLOAT)
        for kind in KINDS
        for function in ("sum", "avg", "median", "stddev_pop")
    ),
)


@cache
def drawn() -> pl.DataFrame:
    """The events of all windows."""
    rng = np.random.default_rng(7)
    total = ROWS * WINDOWS
    return pl.DataFrame(
        {
            TIME: pl.Series(np.arange(total)).cast(TIME_TYPE),
            ID: pl.Series(np.arange(total, dtype=np.uint64)),
            "window": np.repeat(np.arange(WINDOWS), ROWS),
            "constant": np.ones(total),
            "exponential": rng.exponential(1.0, total),
            "lognormal": rng.lognormal(0.0, 1.0, total),
            "failed": rng.random(total) < 0.01,
        }
    )


@cache
def truth() -> pl.DataFrame:
    """What all events give."""
    return partials(drawn(), ["window"], CALLS).select("window", *final_exprs(CALLS)).sort("window")


@cache
def estimated(low: float, high: float, confidence: float) -> pl.DataFrame:
    """Estimates where half of the events are kept with the share `low`, the others with `high`."""
    events, rng = drawn(), np.random.default_rng(11)
    shares = np.where(rng.random(events.height) < 0.5, low, high)
    weights = np.rint(WEIGHT_ONE / shares).astype(np.uint64)
    kept = rng.random(len(weights)) < WEIGHT_ONE / weights
    rows = events.with_columns(pl.Series(WEIGHT, weights)).filter(pl.Series(kept))
    calls = with_estimates(CALLS)
    return EstimatedColumns(calls, confidence).of(partials(rows, ["window"], calls)).sort("window")


@pytest.mark.parametrize("name", [call.name for call in CALLS])
@pytest.mark.parametrize(("low", "high", "confidence"), [(0.25, 0.25, 0.95), (0.5, 0.2, 0.9)])
def test_intervals_hold_as_declared(name: str, low: float, high: float, confidence: float) -> None:
    """By a binomial test at one per cent."""
    true, found = truth()[name].cast(pl.Float64), estimated(low, high, confidence)
    hits = int(((found[f"_low.{name}"] <= true) & (true <= found[f"_high.{name}"])).sum())

    mean, deviation = WINDOWS * confidence, (WINDOWS * confidence * (1 - confidence)) ** 0.5
    assert NormalDist().cdf((hits + 0.5 - mean) / deviation) >= 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_sums_of_what_was_counted_leave_less_open(kind: str) -> None:
    """Where the gate has counted all rows, a sum is their number times the mean, and its interval holds as well."""
    call = AggregateCall(name="s", function="sum", args=(Column(name=kind, dtype=FLOAT, nullable=False),), dtype=FLOAT)
    events = drawn().select(TIME, ID, "window", kind)
    kept = np.random.default_rng(3).random(events.height) < 0.25
    rows = events.filter(pl.Series(kept)).with_columns(pl.lit(4 * WEIGHT_ONE, pl.UInt64).alias(WEIGHT))
    # Of each window one row carries the count.
    first = pl.int_range(pl.len()).over("window") == 0
    counted = rows.with_columns(pl.when(first).then(ROWS).otherwise(0).cast(pl.Int64).alias(COUNT))
    widths = []
    for frame in (rows, counted):
        calls = with_estimates((call,))
        found = EstimatedColumns(calls, 0.95).of(partials(frame, ["window"], calls)).sort("window")
        true = truth()[f"sum {kind}"]
        hits = int(((found["_low.s"] <= true + 1e-6) & (true <= found["_high.s"] + 1e-6)).sum())
        assert NormalDist().cdf((hits + 0.5 - 0.95 * WINDOWS) / (WINDOWS * 0.95 * 0.05) ** 0.5) >= 0.01
        widths.append(float((found["_high.s"] - found["_low.s"]).median()))  # type: ignore[arg-type]
    assert widths[1] < {"constant": 0.01, "exponential": 0.8, "lognormal": 0.9}[kind] * widths[0]


@pytest.mark.parametrize("name", [call.name for call in CALLS if call.function in ("count", "sum")])
def test_totals_are_right_on_average(name: str) -> None:
    """Over all windows an estimate is not off by more than chance explains (one per cent, to either side)."""
    true, found = truth()[name].cast(pl.Float64), estimated(0.5, 0.2, 0.9)[name].cast(pl.Float64)
    off = (found - true).to_numpy()

    assert abs(off.mean()) <= NormalDist().inv_cdf(0.995) * off.std() / WINDOWS**0.5
