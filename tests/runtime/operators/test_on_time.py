"""What an operator takes that works in order."""

import polars as pl
import pytest

from slac.runtime.operators.on_time import on_time
from slac.stream.batch import Batch
from tests.runtime.operators.driving import events


@pytest.mark.parametrize(("reached", "late", "left"), [(0, False, 3), (2, False, 2), (9, False, 0), (0, True, 0)])
def test_rows_at_the_bound_are_taken_and_rows_before_it_are_not(reached: int, *, late: bool, left: int) -> None:
    """A watermark promises that nothing before it will come; rows at it still may."""
    rows = events([{"_time": t, "x": t} for t in (3, 1, 2)], {"x": pl.Int64()})
    assert on_time(Batch(rows, late=late), reached).height == left
    assert on_time(Batch(rows.clear(), late=late), reached).height == 0
