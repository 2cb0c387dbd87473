"""Sums by group are exact to the last bit, however large the numbers and in whatever order they come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.estimates import powers, totals
from slac.plan.estimates.moments import UNIT
from slac.plan.estimates.powers import power_sums, product_sums
from slac.plan.estimates.totals import Groups, wide_series, wide_words

VALUES = st.floats(-(2.0**39), 2.0**39) | st.integers(-9, 9).map(float)
GROUPS = st.lists(st.lists(VALUES, min_size=1, max_size=9), min_size=1, max_size=6)


@pytest.mark.parametrize(("run", "block"), [(1, 4), (2, 1), (5, 9), (255, 1 << 14)])
def test_sums_of_powers_are_exact(monkeypatch: pytest.MonkeyPatch, run: int, block: int) -> None:
    """Python's own integers give the same, however many rows are added up and worked on at once."""
    monkeypatch.setattr(totals, "_RUN", run)
    monkeypatch.setattr(powers, "_BLOCK", block)

    @settings(max_examples=40, deadline=None)
    @given(GROUPS)
    def holds(values: list[list[float]]) -> None:
        check(values)

    holds()


def test_sums_of_many_rows_are_exact() -> None:
    """More rows than are added up as floats at once, in groups of very different size."""
    draw = np.random.default_rng(5)
    check([draw.lognormal(3, 5, n).clip(0, 2.0**39).tolist() for n in (1, 254, 255, 256, 3_000, 20_000)])


@settings(max_examples=50, deadline=None)
@given(GROUPS, VALUES)
def test_products_are_rounded_once(values: list[list[float]], factor: float) -> None:
    """With a factor for all rows, or one for each, to multiples of the unit."""
    rows = np.array([v for group in values for v in group])
    most = float(np.abs(rows).max()) * abs(factor)
    one = np.array([factor])
    for factors in (one, np.repeat(one, len(rows))):
        pieces = product_sums(rows, factors, most, groups_of(values), 40)
        low, high = wide_words([pieces], len(values))
        expected = [sum(int(np.rint(v * factor * 2.0**40)) for v in group) for group in values]
        assert wide_series({"x": (low[0], high[0])})["x"].to_list() == expected


def check(values: list[list[float]]) -> None:
    """The first four powers."""
    rows = np.array([v for group in values for v in group])
    found = power_sums(rows, float(np.abs(rows).max()), groups_of(values), 4)
    for order, digits in enumerate(found, start=1):
        sums = [sum(int(d) << 22 * n for n, d in enumerate(column)) for column in digits.T]
        assert sums == [sum(rounded(power(v, order)) for v in group) for group in values]


def power(value: float, order: int) -> float:
    """As it is computed, by multiplication."""
    made = value
    for _ in range(order - 1):
        made = made * value
    return made


def rounded(value: float) -> int:
    """In multiples of the unit: a product with a power of two is exact."""
    return int(np.rint(value * 2.0**UNIT))


def groups_of(values: list[list[float]]) -> Groups:
    """Where they lie, one behind the other."""
    lengths = np.array([len(group) for group in values])
    return Groups(np.cumsum(lengths) - lengths, lengths)
