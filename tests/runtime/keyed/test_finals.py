"""Values from exact totals: what NumPy makes of them is what the expressions of the families make, to the last bit."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregates import final_exprs
from slac.plan.expressions import AggregateCall, Column
from slac.runtime.keyed.finals import Finals
from slac.runtime.keyed.integers import sums_behind, whole
from slac.runtime.keyed.lanes import Lanes, Worth
from slac.runtime.keyed.segments import Segments
from slac.runtime.keyed.squares import squared_deviations
from slac.stream.types import Float, Int

FLOATS = (Column(name="x", dtype=Float()),)
INTS = (Column(name="y", dtype=Int()),)
SPREADS = [
    AggregateCall(name=f"{function}_{args[0].name}", function=function, args=args, dtype=Float())
    for function in ("avg", "stddev_samp", "var_pop")
    for args in (FLOATS, INTS)
]
CALLS = (*SPREADS, AggregateCall(name="total", function="sum", args=INTS, dtype=Int()))
SIZES = st.sampled_from([1.0, 1e3, 1e6, 4e9, 1e12])


@st.composite
def streams(draw: st.DrawFn) -> pl.DataFrame:
    """Rows of one key: values around a mean that may be much larger than what they differ by; some NULL."""
    n, seed = draw(st.integers(1, 300)), draw(st.integers(0, 1 << 30))
    random = np.random.default_rng(seed)
    mean, spread, times = draw(SIZES), draw(SIZES), draw(st.sampled_from([1, 1 << 20, 1 << 40]))
    values = np.round(random.normal(mean, spread, n), draw(st.integers(0, 6)))
    some = pl.Series(random.random(n) < draw(st.sampled_from([1.0, 0.8])))
    frame = pl.DataFrame({"x": values, "y": (values * times).clip(-(2.0**52), 2.0**52).astype(np.int64)})
    return frame.select(pl.when(some).then(pl.col(name)).alias(name) for name in frame.columns)


@settings(max_examples=150, deadline=None)
@given(streams())
def test_running_values_are_those_of_the_families(rows: pl.DataFrame) -> None:
    """Also where sums of squares need far more than 64 bits."""
    lanes = Lanes(CALLS)
    worth, count = lanes.of(rows), np.arange(1, rows.height + 1)
    nothing = np.zeros(1, np.int64)
    one = Segments(nothing, count[-1:] - 1)
    totals = Worth({name: sums_behind(numbers, one, nothing) for name, numbers in worth.sums.items()})

    found = pl.DataFrame(Finals(CALLS, lanes).of(count, totals))

    expected = pl.DataFrame(lanes.parts(count, totals)).select(final_exprs(CALLS))
    assert found.equals(expected.select(found.columns), null_equal=True)


@pytest.mark.parametrize("total", [1 << 70, 5])
def test_totals_that_are_too_large(total: int) -> None:
    """They are left to the expressions."""
    totals = whole(pl.Series([total], dtype=pl.Int128))
    squares = whole(pl.Series([1 << 110], dtype=pl.Int128))

    assert squared_deviations(np.array([3]), totals, squares) is None


def test_other_aggregates_stand_beside() -> None:
    """Those without a form of their own come out of their parts."""
    calls = (*CALLS, AggregateCall(name="most", function="max", args=FLOATS, dtype=Float()))
    lanes = Lanes(calls)
    rows = pl.DataFrame({"x": [1.5, None], "y": [2, 3]})

    found = pl.DataFrame(Finals(calls, lanes).of(np.array([1, 1]), lanes.of(rows)))

    assert found["most"].to_list() == [1.5, None]
    assert found["total"].to_list() == [2, 3]
