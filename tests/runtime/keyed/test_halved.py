"""Integers of 128 bits in two columns: what they are as floats, and from an estimate."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.keyed.halved import Halved

POWERS = [
    sign * (1 << n) + step
    for n in (52, 53, 62, 63, 64, 65, 100, 116, 117, 125)
    for sign in (-1, 1)
    for step in (-1, 0, 1)
]
TIES = st.builds(
    lambda first, shift, step: (first << shift) + step,
    st.integers(-(1 << 55), 1 << 55),
    st.integers(0, 70),
    st.integers(-1, 1),
)


def of(values: list[int]) -> Halved:
    """In two columns."""
    return Halved.of_series(pl.Series(values, dtype=pl.Int128))


@given(st.lists(st.one_of(TIES, st.sampled_from(POWERS), st.integers(-(1 << 127), (1 << 127) - 1)), min_size=1))
def test_floats_are_the_nearest(values: list[int]) -> None:
    """Rounded once, as Python does it: also just beside a tie, and where the halves differ in their sign."""
    assert of(values).floats().tolist() == [float(v) for v in values]


def test_floats_of_small_high_halves() -> None:
    """Where two ways of rounding meet, and beside the last bits that each of them sees."""
    lows = [(1 << n) + step for n in (0, 10, 11, 12, 13, 14, 62, 63) for step in (-1, 0, 1)]
    values = [(high << 64) + low for high in (*range(-8, 8), 1 << 52, 1 << 53, 1 << 54) for low in lows]

    assert of(values).floats().tolist() == [float(v) for v in values]


@given(st.lists(st.integers(-(1 << 53), 1 << 53), min_size=1))
def test_squares_of_what_a_float_can_hold(values: list[int]) -> None:
    """The upper half comes from a float, and is exact."""
    found = Halved.squares(np.array(values, np.int64))

    assert found.series().to_list() == [v * v for v in values]


@given(st.integers(-(1 << 108), 1 << 108), st.integers(-(1 << 61), 1 << 61))
def test_an_estimate_says_which_number_it_is(value: int, off: int) -> None:
    """Of all numbers with the same 64 bits below, the one near the estimate."""
    low = of([value]).low.view(np.int64)

    assert Halved.near(low, np.array([float(value + off)])).series().to_list() == [value]


@pytest.mark.parametrize(("value", "limit", "fits"), [(5, 6, True), (6, 6, False), (-5, 6, True), (1 << 64, 6, False)])
def test_whether_numbers_fit(value: int, limit: int, fits: bool) -> None:  # noqa: FBT001
    """By magnitude, and by what is above 64 bits."""
    assert of([0, value]).fits(limit) is fits


def test_the_lowest_number_does_not_fit() -> None:
    """−2⁶³ has no magnitude in 64 bits."""
    assert not of([-(1 << 63)]).fits(1 << 61)
