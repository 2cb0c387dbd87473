"""Exact sums: order does not matter, rounding happens once, and what cannot be summed is not hidden."""

from __future__ import annotations

import math

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.stream.sums import beyond, from_units, from_weight_units, units, weight_units

NUMBERS = st.floats(-1e15, 1e15, allow_nan=False)


def total(values: list[float]) -> float:
    """The exact sum of a list."""
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    return float(frame.select(from_units(units(pl.col("x")).sum())).item())


@given(st.lists(NUMBERS, max_size=30), st.randoms())
def test_order_does_not_matter(values: list[float], random: object) -> None:
    """Any order of addition gives the same bits."""
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert total(values) == total(shuffled)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_the_error_is_half_a_unit_a_value(values: list[float]) -> None:
    """A sum is off by at most 2⁻⁴¹ for each value, and one rounding to a double."""
    exact = math.fsum(values)

    assert abs(total(values) - exact) <= len(values) * 2.0**-41 + math.ulp(exact)


def test_what_cannot_be_summed_is_null() -> None:
    """NaN, infinities and magnitudes from 2⁶² on have no units; nothing raises."""
    frame = pl.DataFrame({"x": [math.nan, math.inf, -math.inf, 2.0**62, 1e300, None, 2.0**61, -1.5]})

    assert frame.select(units(pl.col("x")))["x"].to_list() == [None] * 6 + [2**101, -3 * 2**39]


def test_weights_come_back_exactly() -> None:
    """Counts of seen events are whole multiples of 2⁻²⁰."""
    frame = pl.DataFrame({"x": [3.0, 1 / 1024 + 5, 2.0**33 - 2.0**-20]})

    assert frame.select(from_weight_units(weight_units(pl.col("x"))))["x"].to_list() == frame["x"].to_list()


def test_what_cannot_be_summed_is_told_apart() -> None:
    """Exactly the values without units are beyond; NULL is neither."""
    values = [None, 0.0, -1.5, 2.0**62, -(2.0**62), math.inf, -math.inf, math.nan]
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64}).select(
        lost=units(pl.col("x")).is_null() & pl.col("x").is_not_null(), beyond=beyond(pl.col("x"))
    )

    assert frame["beyond"].fill_null(value=False).to_list() == frame["lost"].to_list() == [False] * 3 + [True] * 5
    assert frame["beyond"][0] is None
