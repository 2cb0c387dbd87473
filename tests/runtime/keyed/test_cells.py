"""Columns by slot: what is written is read, in any type, and single places can be emptied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_series_equal

from slac.runtime.keyed.cells import Cells
from slac.stream.batch import TIME_TYPE

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
VALUES: list[tuple[pl.DataType, list[Any]]] = [
    (pl.Int64(), [1, None, -(1 << 62)]),
    (pl.Float64(), [0.5, None, float("nan")]),
    (pl.Boolean(), [True, None, False]),
    (pl.String(), ["a", None, ""]),
    (TIME_TYPE, [AT, None, AT + timedelta(days=1)]),
    (pl.Duration("us"), [timedelta(microseconds=3), None, timedelta(0)]),
    (pl.List(pl.Int64()), [[1, 2], None, []]),
    (pl.Struct({"a": pl.Int64(), "b": pl.List(TIME_TYPE)}), [{"a": 1, "b": [AT]}, None, {"a": 2, "b": None}]),
    (pl.Null(), [None, None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "values"), VALUES, ids=lambda v: str(v) if isinstance(v, pl.DataType) else "")
def test_what_is_written_is_read(dtype: pl.DataType, values: list[Any]) -> None:
    """Places that were not written, or were cleared, are NULL; growing changes nothing."""
    column = pl.Series("x", values, dtype)
    cells = Cells("x", dtype)
    cells.put(np.array([5, 0, 3]), column)
    cells.grow(200)

    assert_series_equal(cells.take(np.array([5, 0, 3])), column)
    assert cells.take(slice(0, 2)).to_list() == [None, None]
    assert cells.take(np.array([199])).to_list() == [None]
    assert cells.known(np.array([5, 0, 3])).tolist() == column.is_not_null().to_list()
    cells.clear(np.array([5]))
    assert_series_equal(cells.take(np.array([5, 0, 3])), pl.Series("x", [None, None, values[2]], dtype))


def test_a_place_is_written_again() -> None:
    """Also by NULL."""
    cells = Cells("x", pl.Int64())
    cells.put(np.array([1, 2]), pl.Series([1, 2]))
    cells.put(np.array([2, 3]), pl.Series([None, 3], dtype=pl.Int64))

    assert cells.take(slice(0, 4)).to_list() == [None, 1, None, 3]
