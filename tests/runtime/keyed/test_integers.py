"""Exact integers: the narrow form and the wide one give the same numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.keyed.integers import (
    Integers,
    added,
    column,
    joined,
    narrow,
    negative,
    squares,
    sums_behind,
    taken,
    whole,
    wide,
)
from slac.runtime.keyed.segments import Segments

SMALL = st.integers(-(1 << 20), 1 << 20)
LARGE = st.integers(-(1 << 100), 1 << 100)
NEAR = st.integers(-(1 << 62), 1 << 62)
NUMBERS = st.lists(st.one_of(SMALL, LARGE, NEAR), min_size=1, max_size=20) | st.lists(SMALL | NEAR, min_size=1)


def made(values: list[int]) -> Integers:
    """Numbers in the narrowest form that there is for them."""
    return whole(pl.Series(values, dtype=pl.Int128))


def listed(values: Integers) -> list[int]:
    """What they are to Python."""
    return column(values, "n").to_list()


@settings(max_examples=80, deadline=None)
@given(NUMBERS, st.data())
def test_sums_of_segments_are_exact(values: list[int], data: st.DataObject) -> None:
    """Prefixes may be far beyond 64 bits: every sum of a segment is what Python makes of it, in both forms."""
    begins = [True, *(data.draw(st.booleans()) for _ in values[1:])]
    starts = np.flatnonzero(begins)
    of = np.cumsum(begins) - 1
    expected = [sum(values[starts[of[i]] : i + 1]) for i in range(len(values))]

    segments = Segments(starts, np.append(starts[1:], len(values)) - 1)
    before = data.draw(st.lists(NEAR | LARGE, min_size=len(starts), max_size=len(starts)))
    for form in (made(values), wide(made(values))):
        assert listed(sums_behind(form, segments, made([0] * len(starts)))) == expected
        found = listed(sums_behind(form, segments, made(before)))
        assert found == [n + before[of[i]] for i, n in enumerate(expected)]


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS)
def test_arithmetic_is_that_of_python(first: list[int], second: list[int]) -> None:
    """Adding, joining, taking and turning the sign, in any mixture of forms."""
    n = min(len(first), len(second))

    for one, other in ((made(first), made(second)), (wide(made(first)), made(second))):
        sums = added(taken(one, np.arange(n)), other[:n])
        assert listed(sums) == [a + b for a, b in zip(first[:n], second[:n], strict=True)]
        assert listed(narrow(sums)) == listed(sums)
        assert listed(joined(one, negative(other))) == [*first, *(-b for b in second)]


@given(st.lists(st.none() | st.integers(-(1 << 50), 1 << 50), min_size=1))
def test_squares_and_missing_numbers(values: list[int | None]) -> None:
    """NULL counts as 0."""
    found = listed(squares(whole(pl.Series(values, dtype=pl.Int64))))

    assert found == [(v or 0) ** 2 for v in values]
