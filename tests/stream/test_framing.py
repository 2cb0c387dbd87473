"""Frames of columns that are there already."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from slac.stream.framing import column_of, column_of_values, frame_of, places_of


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_frame_has_its_columns_in_order(count: int) -> None:
    """As many as there are."""
    columns = [pl.Series(f"c{number}", [number, None]) for number in range(count)]

    assert frame_of(columns).equals(pl.DataFrame(columns))


def test_columns_of_other_lengths_are_refused() -> None:
    """Nothing is repeated to fit."""
    with pytest.raises(pl.exceptions.ShapeError):
        frame_of([pl.Series("a", [1, 2]), pl.Series("b", [1, 2, 3])])


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.float64, np.uint32, np.int32, np.uint8, np.bool_])
@pytest.mark.parametrize("values", [[], [0, 1, 2], [1]])
def test_a_column_is_what_polars_makes_of_the_array(values: list[int], dtype: Any) -> None:
    """The same name, type and values, whole or a part."""
    array = np.array(values, dtype)
    for part in (array, array[::2], array[1:]):
        made = column_of("c", part)
        assert made.name == "c"
        assert made.dtype == pl.Series("c", part).dtype
        assert made.equals(pl.Series("c", part))


def test_nan_stays_a_number() -> None:
    """It is no NULL, and both zeros stay what they are."""
    made = column_of("c", np.array([float("nan"), -0.0, float("inf")]))
    assert made.null_count() == 0
    assert made.is_nan().to_list() == [True, False, False]
    assert str(made[1]) == "-0.0"


def test_places_are_of_32_bits() -> None:
    """Whatever they were."""
    assert places_of(np.array([3, 1])).equals(pl.Series([3, 1], dtype=pl.UInt32))


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pl.String(), ["a", None, ""]),
        (pl.Int64(), [1, None, -(2**63)]),
        (pl.UInt64(), [1, None, 2**64 - 1]),
        (pl.Float64(), [1.5, None, float("nan"), -0.0]),
        (pl.Boolean(), [True, None, False]),
        (pl.Duration("us"), [1, None]),
        (pl.String(), []),
        (pl.Int64(), [None]),
    ],
)
def test_a_column_of_values_is_what_polars_makes_of_them(dtype: pl.DataType, values: list[Any]) -> None:
    """The same name, type and values, of a list as of a tuple."""
    for given in (values, tuple(values)):
        made = column_of_values("c", given, dtype)
        assert made.name == "c"
        assert made.dtype == dtype
        assert made.equals(pl.Series("c", values, dtype))


@pytest.mark.parametrize(
    ("dtype", "value"), [(pl.String(), 1), (pl.Int64(), "1"), (pl.Boolean(), "x"), (pl.Float64(), "1")]
)
def test_values_of_another_type_are_refused(dtype: pl.DataType, value: object) -> None:
    """None of them becomes NULL, or something else."""
    with pytest.raises(TypeError):
        column_of_values("c", [value], dtype)
