"""Sorting only what is out of order."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.order import in_order, order_of_ids


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 3)), max_size=6))
def test_the_result_is_sorted(rows: list[tuple[int, int]]) -> None:
    """By time, then by id, whatever came in."""
    frame = pl.DataFrame(rows, schema={TIME: pl.Int64, ID: pl.UInt64}, orient="row").with_columns(
        pl.col(TIME).cast(TIME_TYPE)
    )

    assert in_order(frame, [TIME, ID]).equals(frame.sort(TIME, ID))


def test_what_is_in_order_is_not_copied() -> None:
    """The same object comes back."""
    frame = pl.DataFrame({"a": [1, 1, 2], "b": [1, 2, 0]})

    assert in_order(frame, ["a", "b"]) is frame


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1, 1 << 20, 1 << 60]), st.integers(0, 3))))
def test_rows_of_one_time_are_in_the_order_of_their_ids(rows: list[tuple[int, int, int]]) -> None:
    """However far times lie apart, and however alike ids are."""
    rows.sort(key=lambda row: row[0] * row[1])
    times = np.array([time * scale for time, scale, _ in rows], np.int64)
    ids = np.array([low | (low << 62) for _, _, low in rows], np.uint64)

    assert order_of_ids(times, ids).tolist() == np.lexsort((ids, times)).tolist()


@pytest.mark.parametrize("bits", [64, 40, 8])
def test_many_rows_are_in_the_order_of_their_ids(bits: int) -> None:
    """Also where the first bits of ids of one time are alike, for a few rows or for all."""
    draw = np.random.default_rng(20_116)
    times = np.sort(draw.integers(0, 2_000, 20_000)) * 1_000
    ids = draw.integers(0, (1 << bits) - 1, len(times), dtype=np.uint64, endpoint=True)
    few = draw.integers(0, len(ids) - 1, 10)
    ids[few] = ids[few + 1] ^ np.uint64(1)

    assert order_of_ids(times, ids).tolist() == np.lexsort((ids, times)).tolist()
