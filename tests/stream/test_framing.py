"""Frames of columns that are there already."""

from __future__ import annotations

import polars as pl
import pytest

from slac.stream.framing import frame_of


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_frame_has_its_columns_in_order(count: int) -> None:
    """As many as there are."""
    columns = [pl.Series(f"c{number}", [number, None]) for number in range(count)]

    assert frame_of(columns).equals(pl.DataFrame(columns))


def test_columns_of_other_lengths_are_refused() -> None:
    """Nothing is repeated to fit."""
    with pytest.raises(pl.exceptions.ShapeError):
        frame_of([pl.Series("a", [1, 2]), pl.Series("b", [1, 2, 3])])
