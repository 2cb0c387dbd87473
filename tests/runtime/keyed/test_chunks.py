"""Frames that are joined as they come."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.keyed.chunks import join_small


@given(st.lists(st.integers(1, 3), max_size=300))
def test_rows_keep_their_places_and_frames_stay_few(heights: list[int]) -> None:
    """However many small frames come: seven of each size at the most, and sizes grow fast."""
    frames: list[pl.DataFrame] = []
    for height in heights:
        begin = sum(f.height for f in frames)
        frames.append(pl.DataFrame({"x": range(begin, begin + height)}, schema={"x": pl.Int64}))
        join_small(frames)

    assert [x for f in frames for x in f["x"].to_list()] == list(range(sum(heights)))
    assert len(frames) <= 30


def test_columns_that_only_some_have_are_null_in_the_others() -> None:
    """As weights are, which rows have only where a gate dropped some."""
    frames = [pl.DataFrame({"x": [n]} if n else {"x": [n], "w": [n]}) for n in range(8)]
    join_small(frames)
    (joined,) = frames

    assert joined["w"].to_list() == [0, *[None] * 7]
