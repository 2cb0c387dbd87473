"""Groups as numbers: equal rows get equal numbers, whatever their types."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.patterns.columns.codes import by_group, coded


@pytest.mark.parametrize(
    "values",
    [
        pl.Series("k", ["a", None, "b", "a", None, ""]),
        pl.Series("k", [1, 2, None, 1, 2, -1]),
        pl.Series("k", [0.0, -0.0, float("nan"), float("nan"), None, 1.0]),
        pl.Series("k", [[1], [1, 2], [1], None, [], [1, 2]]),
    ],
    ids=["text", "integers", "floats", "lists"],
)
def test_rows_of_equal_values_have_one_number(values: pl.Series) -> None:
    """Two rows have the same number exactly where all their values are the same; the first row of each is told."""
    frame = pl.DataFrame([values, pl.Series("other", [1, 1, 1, 1, 1, 1])])
    codes, firsts = coded(frame)
    for row in range(frame.height):
        same = [bool(values[row : row + 1].eq_missing(values[n : n + 1])[0]) for n in range(frame.height)]
        assert (codes == codes[row]).tolist() == same
        assert firsts[codes[row]] == same.index(True)


def test_rows_whose_hashes_are_equal_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash alone makes no group: values are compared."""
    monkeypatch.setattr(pl.DataFrame, "hash_rows", lambda frame: pl.Series(np.zeros(frame.height, np.uint64)))
    codes, _ = coded(pl.DataFrame({"k": ["a", "b", "a"]}))
    assert codes[0] == codes[2] != codes[1]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5)))
def test_sorting_by_group_keeps_the_order_within(codes: list[int]) -> None:
    """As a stable sort does."""
    numbers = np.array(codes, np.int64)
    assert by_group(numbers).tolist() == np.argsort(numbers, kind="stable").tolist()
