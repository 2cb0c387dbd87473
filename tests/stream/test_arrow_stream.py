"""Frames that come one after the other are one stream for any reader."""

from __future__ import annotations

import io

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from slac.stream.arrow_stream import END, ArrowStream


@pytest.mark.parametrize("whole", [True, False], ids=["ended", "cut off"])
def test_all_rows_are_read_back(*, whole: bool) -> None:
    """In order, with texts and NULLs; a stream that has not ended yet, too."""
    frames = [pl.DataFrame({"n": [i, None], "text": [f"row {i} of a longer text", "b"]}) for i in range(5)]
    file = io.BytesIO()
    stream = ArrowStream(file)
    for frame in frames:
        stream.write(frame)
    if whole:
        stream.close()

    read = pl.read_ipc_stream(file.getvalue())

    assert_frame_equal(read.select("n", "text"), pl.concat(frames))
    assert file.getvalue().endswith(END) is whole


def test_columns_that_come_and_go() -> None:
    """What the first rows lack and may come, stands there as NULL; what later rows lack, too."""
    file = io.BytesIO()
    stream = ArrowStream(file)
    stream.write(pl.DataFrame({"n": [1], "_seen": [1.0]}))
    stream.write(pl.DataFrame({"n": [2], "_revision": [1]}, schema={"n": pl.Int64, "_revision": pl.Int64}))
    stream.close()

    read = pl.read_ipc_stream(file.getvalue())

    assert read["_revision"].to_list() == [None, 1]
    assert read["_seen"].to_list() == [1.0, None]


def test_nothing_is_an_empty_file() -> None:
    """No rows came: there is no schema to tell."""
    file = io.BytesIO()
    ArrowStream(file).close()

    assert not file.getvalue()
