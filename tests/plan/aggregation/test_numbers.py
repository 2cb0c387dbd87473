"""What values add to sums, in whole columns: the same numbers as the expressions of the families."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.aggregation import numbers
from slac.plan.aggregation.numbers import Reading
from slac.stream.sums import beyond, units

NAN, INF = float("nan"), float("inf")
FLOATS = st.lists(st.none() | st.floats() | st.sampled_from([0.0, -0.0, 2.0**62, 2.0**32, -(2.0**32), 1e-13, NAN, INF]))
INTS = st.lists(st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.sampled_from([1 << 50, -(1 << 50), 3]))


def read(reading: Reading, values: pl.Series) -> list[int]:
    """One integer a value."""
    found = reading(values)
    return [0] * len(values) if found is None else [int(v or 0) for v in found]


@given(FLOATS)
def test_units_are_those_of_the_expressions(values: list[float | None]) -> None:
    """0 where there are none; what enters no total is told beside them."""
    column = pl.Series("x", values, pl.Float64)
    expected = column.to_frame().select(units(pl.col("x")).fill_null(0), b=beyond(pl.col("x")).fill_null(value=False))

    assert read(numbers.units, column) == expected["x"].to_list()
    assert read(numbers.unsummed, column) == [int(b) for b in expected["b"]]


@given(FLOATS)
def test_floats_that_can_be_squared(values: list[float | None]) -> None:
    """Those below 2³²; the others add nothing, and are counted unless they are NULL."""
    column = pl.Series(values, dtype=pl.Float64)
    known = [v is not None and abs(v) < 2.0**32 for v in values]

    assert read(numbers.square_units, column) == [
        round(v * 2.0**20) if k and v is not None else 0 for v, k in zip(values, known, strict=True)
    ]
    assert read(numbers.unsquared, column) == [int(v is not None and not k) for v, k in zip(values, known, strict=True)]


@given(INTS)
def test_integers_that_can_be_squared(values: list[int | None]) -> None:
    """Those up to 2⁵⁰."""
    column = pl.Series(values, dtype=pl.Int64)
    large = [v is not None and abs(v) > 1 << 50 for v in values]

    assert read(numbers.squared_integers, column) == [0 if b else v or 0 for v, b in zip(values, large, strict=True)]
    assert read(numbers.unsquared_integers, column) == [int(b) for b in large]


@pytest.mark.parametrize(
    ("reading", "values", "expected"),
    [
        (numbers.present, ["a", None], [0, -1]),
        (numbers.true, [True, False, None], [0, -1, -1]),
        (numbers.plain, [1, None], [1, 0]),
        (numbers.microseconds, [pl.Series([5], dtype=pl.Duration("us"))[0]], [5]),
    ],
)
def test_what_is_counted(reading: Reading, values: list[object], expected: list[int]) -> None:
    """By how much a value differs from what is usual."""
    assert read(reading, pl.Series(values)) == expected


@pytest.mark.parametrize("reading", [numbers.present, numbers.true, numbers.unsummed, numbers.unsquared])
def test_nothing_unusual(reading: Reading) -> None:
    """One look, and no column."""
    assert reading(pl.Series([True] if reading is numbers.true else [1.5])) is None
