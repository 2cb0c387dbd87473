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
