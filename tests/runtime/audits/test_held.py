"""Rows wait for the watermark and leave in the total order."""

from __future__ import annotations

import polars as pl

from slac.runtime.audits.held import AT, HeldRows
from slac.stream.batch import DEPTH, ID, TIME, TIME_TYPE


def rows(*values: tuple[int, int, int]) -> pl.DataFrame:
    """Rows of (time, depth, id)."""
    types = {TIME: pl.Int64(), DEPTH: pl.UInt16(), ID: pl.UInt64()}
    return pl.DataFrame(values, schema=types, orient="row").with_columns(pl.col(TIME).cast(TIME_TYPE))


def test_rows_before_the_watermark_leave_in_order() -> None:
    """By time, depth and id; the rest stays."""
    held = HeldRows()
    held.add(rows((5, 0, 1), (3, 1, 0), (3, 0, 9)))
    held.add(rows((3, 0, 2), (7, 0, 0)))
    assert held.release(3) is None
    ready = held.release(7)

    assert ready is not None
    assert ready.select(AT, DEPTH, ID).rows() == [(3, 0, 2), (3, 0, 9), (3, 1, 0), (5, 0, 1)]
    assert (held.lowest, held.highest, held.rows) == (7, 7, 1)


def test_many_small_frames_become_few() -> None:
    """In whatever order they come; what is released does not depend on it."""
    held = HeldRows()
    for time in [*range(0, 200, 2), *range(1, 200, 2)]:
        held.add(rows((time, 0, time)))
    released = []
    for watermark in (7, 8, 90, 500):
        ready = held.release(watermark)
        assert ready is not None
        released.append(ready[AT].to_list())

    assert released == [list(range(7)), [7], list(range(8, 90)), list(range(90, 200))]
    assert (held.lowest, held.highest, held.rows) == (None, None, 0)


def test_frames_with_other_columns_wait_together() -> None:
    """What a row lacks is NULL beside rows that have it."""
    held = HeldRows()
    held.add(rows((1, 0, 1)))
    held.add(rows((2, 0, 2)).with_columns(pl.lit(5).alias("x")))
    ready = held.release(3)

    assert ready is not None
    assert ready["x"].to_list() == [None, 5]


def test_frames_that_follow_one_another_are_not_joined() -> None:
    """What is left of one and all of the next; where they overlap, rows leave in one frame, in order."""
    held = HeldRows()
    held.add(rows((1, 0, 1), (4, 0, 2)))
    assert [part[AT].to_list() for part in held.release_parts(3)] == [[1]]
    held.add(rows((4, 0, 3), (6, 0, 4)))
    assert [part[AT].to_list() for part in held.release_parts(6)] == [[4], [4]]
    held.add(rows((5, 0, 5), (8, 0, 6)))
    assert [part[AT].to_list() for part in held.release_parts(9)] == [[5, 6, 8]]


def test_text_may_leave_in_several_pieces() -> None:
    """Where that is enough, what one batch left is put in front of the next without copying its text."""
    held = HeldRows()
    held.add(rows((1, 0, 1), (5, 0, 2)).with_columns(name=pl.lit("a")))
    held.add(rows((6, 0, 3), (9, 0, 4)).with_columns(name=pl.lit("b")))

    loose = held.release(8, loose=True)

    assert loose is not None
    assert loose["name"].to_list() == ["a", "a", "b"]
    assert (loose["name"].n_chunks(), loose[TIME].n_chunks()) == (2, 1)
