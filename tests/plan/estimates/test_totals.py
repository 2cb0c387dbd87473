"""Sums by group are exact to the last of 128 bits, however large the numbers and in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.estimates import totals
from slac.plan.estimates.totals import Groups, Numbers, narrow_sums, pieces_of, wide_totals

WHOLE = st.floats(-(2.0**99), 2.0**99).map(lambda x: float(np.rint(x))) | st.integers(-9, 9).map(float)
GROUPS = st.lists(st.lists(WHOLE, min_size=1, max_size=9), min_size=1, max_size=6)


@pytest.mark.parametrize("run", [1, 2, 5, 255])
def test_sums_of_wide_numbers_are_exact(monkeypatch: pytest.MonkeyPatch, run: int) -> None:
    """Python's own integers give the same, however many rows are added up at once."""
    monkeypatch.setattr(totals, "_RUN", run)

    @settings(max_examples=60, deadline=None)
    @given(GROUPS)
    def holds(values: list[list[float]]) -> None:
        found = sums_of({"x": np.array([v for group in values for v in group])}, groups_of(values))
        assert found["x"].to_list() == [sum(int(v) for v in group) for group in values]

    holds()


def test_sums_of_many_rows_are_exact() -> None:
    """More rows than are added up as floats at once, in groups of very different size."""
    draw = np.random.default_rng(5)
    lengths = [1, 254, 255, 256, 3_000, 140_000]
    values = [np.rint(draw.lognormal(3, 9, n) * 2.0**40).clip(0, 2.0**90).tolist() for n in lengths]
    found = sums_of({"x": np.concatenate(values)}, groups_of(values))
    assert found["x"].to_list() == [sum(int(v) for v in group) for group in values]


@settings(max_examples=50, deadline=None)
@given(WHOLE, st.lists(st.integers(1, 10**6), min_size=2, max_size=5))
def test_one_number_for_all_rows_counts_once_a_row(number: float, lengths: list[int]) -> None:
    """A constant is not spread over the rows."""
    ends = np.cumsum(lengths, dtype=np.int64)
    found = sums_of({"x": np.array([number])}, Groups(ends - lengths, np.array(lengths)))
    assert found["x"].to_list() == [int(number) * length for length in lengths]


@settings(max_examples=50, deadline=None)
@given(GROUPS, st.integers(0, 44))
def test_pieces_of_numbers_are_put_together(values: list[list[float]], shift: int) -> None:
    """What comes as two floats is one integer, and several columns do not mix."""
    small = np.array([float(int(v) % 2**40) for group in values for v in group])
    groups = groups_of(values)
    found = sums_of({"a": [(small, 0), (small, shift)], "b": small}, groups)
    assert found["a"].to_list() == [(1 + (1 << shift)) * whole for whole in found["b"].to_list()]
    assert narrow_sums(small > 0, groups).tolist() == [sum(int(v) % 2**40 > 0 for v in group) for group in values]


def sums_of(numbers: Mapping[str, Numbers], groups: Groups) -> dict[str, pl.Series]:
    """By name."""
    return wide_totals({name: list(pieces_of(of, groups)) for name, of in numbers.items()}, len(groups.starts))


def groups_of(values: list[list[float]]) -> Groups:
    """Where they lie, one behind the other."""
    lengths = np.array([len(group) for group in values])
    return Groups(np.cumsum(lengths) - lengths, lengths)
