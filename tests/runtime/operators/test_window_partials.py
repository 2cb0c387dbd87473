"""Rows are grouped by what a look at them proves, and the parts are those that are always right."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.plan.aggregates import grouped_rows, partial_exprs
from slac.plan.expressions import AggregateCall, Call, Column
from slac.runtime.operators import window_partials
from slac.runtime.operators.window_partials import PartialRows
from slac.stream.batch import ID, TIME, TIME_TYPE, WEIGHT
from slac.stream.types import Bool, Duration, Float, Int

NUMBER, WHOLE = Column(name="v", dtype=Float()), Column(name="w", dtype=Int())
WAITED, GOOD = Column(name="d", dtype=Duration()), Column(name="ok", dtype=Bool())
TWICE = Call(function="+", args=(NUMBER, NUMBER), dtype=Float())
CALLS = (
    AggregateCall(name="_a0", function="count", dtype=Int()),
    AggregateCall(name="_a1", function="sum", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_a2", function="avg", args=(WHOLE,), dtype=Float()),
    AggregateCall(name="_a3", function="sum", args=(WAITED,), dtype=Duration()),
    AggregateCall(name="_a4", function="max", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_a5", function="min", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_a6", function="sum", args=(NUMBER,), where=GOOD, dtype=Float()),
    AggregateCall(name="_a7", function="max", args=(TWICE,), dtype=Float()),
    AggregateCall(name="_a8", function="count", where=GOOD, dtype=Int()),
)
ENDS = (
    AggregateCall(name="_b0", function="last", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_b1", function="first", args=(WHOLE,), where=GOOD, dtype=Int()),
)
SMALL = st.sampled_from([0.0, -0.0, 1.5, -3.25, 0.1, 1e6])
LARGE = st.sampled_from([1e9, 2.0**61, -(2.0**62), 1e300, float("nan"), float("inf"), None])
WHOLES = st.sampled_from([0, 1, -5, 1 << 40])
EXTREMES = st.sampled_from([(1 << 63) - 1, -(1 << 63), None])


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Rows in any order; whether large values are among them is drawn once, so that there are enough without."""
    odd = draw(st.booleans())
    floats, wholes = (SMALL | LARGE, WHOLES | EXTREMES) if odd else (SMALL, WHOLES)
    row = st.tuples(st.sampled_from([None, "a", "b"]), st.integers(0, 5), floats, wholes, st.sampled_from([True, None]))
    rows = draw(st.lists(row, min_size=1, max_size=20))
    schema = {"k": pl.String, TIME: pl.Int64, "v": pl.Float64, "w": pl.Int64, "ok": pl.Boolean}
    made = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.col(TIME).cast(TIME_TYPE),
        (pl.int_range(len(rows), dtype=pl.UInt64) * 0x9E3779B97F4A7C15).alias(ID),
        pl.col("w").cast(pl.Duration("us")).alias("d"),
    )
    return made.with_columns(pl.lit(3 << 20, pl.UInt64).alias(WEIGHT)) if draw(st.booleans()) else made


@pytest.mark.parametrize("calls", [CALLS, (*CALLS, *ENDS)], ids=["totals", "ends"])
def test_the_parts_are_the_usual_ones(monkeypatch: pytest.MonkeyPatch, calls: tuple[AggregateCall, ...]) -> None:
    """With NULL, NaN and without, of large values and small ones, in any order."""
    monkeypatch.setattr(window_partials, "_FEW", 0)
    rows = PartialRows(calls)

    @settings(max_examples=100, deadline=None)
    @given(frames())
    def holds(frame: pl.DataFrame) -> None:
        usual = grouped_rows(frame, ["k"], calls, partial_exprs(calls, frame.columns))
        assert_frame_equal(rows.of(frame, ["k"]).sort("k"), usual.sort("k"), check_exact=True)

    holds()


def test_a_sum_that_outgrows_64_bits_is_exact() -> None:
    """Each value fits, and so do most groups."""
    frame = pl.DataFrame({"k": ["a"] * 9_000, "v": [1e6] * 9_000, "ok": [True] * 9_000}).with_columns(
        pl.lit(1).alias("w"), pl.lit(0, pl.Duration("us")).alias("d")
    )
    made = PartialRows(CALLS).of(frame, ["k"])

    assert made["_a1.sum"].to_list() == [9_000 * 10**6 << 40]
    assert made["_a6.sum"].to_list() == [9_000 * 10**6 << 40]
