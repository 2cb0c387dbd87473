"""Messages of Arrow: counted and measured by their heads, whoever wrote them, and refused where these lie."""

from __future__ import annotations

import io
import struct
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.adapters.arrow_bodies import as_arrow, runs
from slac.adapters.decoding import frame_of_body
from slac.adapters.decoding.arrow import UNREADABLE
from slac.stream.arrow_body import ArrowBody

MOST = 1 << 20
ROWS = pl.DataFrame({"n": [1, 2, 3], "s": ["a", None, "a long text that no view holds inline"]})


def stream(frame: pl.DataFrame, **how: Any) -> bytes:
    """An IPC stream."""
    written = io.BytesIO()
    frame.write_ipc_stream(written, **how)
    return written.getvalue()


def bodies(*streams: bytes) -> list[ArrowBody]:
    """What comes of streams that are all fine."""
    found = list(runs(streams, MOST))
    assert all(isinstance(f, ArrowBody) for f in found)
    return [f for f in found if isinstance(f, ArrowBody)]


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_rows_are_counted_without_decoding(compression: str) -> None:
    """Messages of one schema become one body, whose size is what the columns take decompressed."""
    large = pl.DataFrame({"n": [7] * 10_000})
    (body,) = bodies(*[stream(large, compression=compression)] * 3)
    assert (body.height, len(body.rows)) == (30_000, 3)
    assert body.size >= 240_000
    assert_frame_equal(frame_of_body(body), pl.concat([large] * 3))


def test_other_schemas_do_not_join() -> None:
    """In order, each run of one schema by itself; a message without rows is nothing."""
    other = pl.DataFrame({"n": [1.5]})
    found = bodies(stream(ROWS), stream(ROWS.clear()), stream(other), stream(ROWS), stream(ROWS))
    assert [b.height for b in found] == [3, 1, 6]


def test_dictionaries_stay_in_their_stream() -> None:
    """Rows of categories refer to what only their own stream holds."""
    first, second = (pl.DataFrame({"s": pl.Series(x, dtype=pl.Categorical)}) for x in (["a", "b"], ["c", "a"]))
    found = bodies(stream(first), stream(second))
    assert [frame_of_body(b)["s"].cast(pl.String).to_list() for b in found] == [["a", "b"], ["c", "a"]]


def test_a_bad_message_is_a_bad_record_between_others() -> None:
    """One line that says why, at its place."""
    file = io.BytesIO()
    ROWS.write_ipc(file)
    before, bad, old, after = runs([stream(ROWS), b"hello", file.getvalue(), stream(ROWS)], MOST)
    assert isinstance(before, ArrowBody)
    assert isinstance(after, ArrowBody)
    assert bad == b"no Arrow IPC stream of 5 bytes: it ends within the head of a message; it begins with 68656c6c6f\n"
    assert isinstance(old, bytes)
    assert b"it is an Arrow file, not a stream" in old


def test_what_unpacks_to_too_much_is_refused_unread() -> None:
    """Two megabytes of one number are little on the way."""
    packed = stream(pl.DataFrame({"n": [0] * 300_000}), compression="zstd")
    assert len(packed) < 10_000
    with pytest.raises(ValueError, match=r"its columns take 2400[0-9]+ bytes, and 1048576 are the most"):
        as_arrow(packed, MOST)


def test_rows_without_bytes_are_refused() -> None:
    """A column of type Null has any number of rows, and takes nothing."""
    with pytest.raises(ValueError, match=r"it claims 1000000 values in [0-9]+ bytes"):
        as_arrow(stream(pl.DataFrame({"n": pl.Series([None], dtype=pl.Null).new_from_index(0, 1_000_000)})), MOST)


def test_a_batch_that_lies_about_its_rows_spoils_no_other() -> None:
    """Its rows stand there as unreadable, as many as it claims, so that no number of another shifts."""
    fine = stream(pl.DataFrame({"n": [1, 2]}))
    (one,) = bodies(fine)
    at = one.batches[0].index(struct.pack("<qq", 2, 0))  # the node of the column
    torn = one.batches[0][:at] + struct.pack("<qq", 2, 99) + one.batches[0][at + 16 :]
    body = ArrowBody(schema=one.schema, batches=(*one.batches, torn), rows=(2, 2), unpacked=32)
    frame = frame_of_body(body)
    assert frame.height == 4
    if UNREADABLE in frame.columns:
        assert frame[UNREADABLE].is_null().to_list() == [True, True, False, False]
    assert frame["n"].to_list()[:2] == [1, 2]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), compression=st.sampled_from(["uncompressed", "zstd"]))
def test_no_bytes_bring_it_down(data: st.DataObject, compression: str) -> None:
    """A stream cut, or changed anywhere: refused with a sentence, or as many rows as were counted."""
    given_bytes = bytearray(stream(ROWS, compression=compression))
    for _ in range(data.draw(st.integers(1, 4))):
        given_bytes[data.draw(st.integers(0, len(given_bytes) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(given_bytes[: data.draw(st.integers(0, len(given_bytes)))] if data.draw(st.booleans()) else given_bytes)
    try:
        body = as_arrow(cut, MOST)
    except ValueError:
        return
    assert frame_of_body(body).height == body.height
