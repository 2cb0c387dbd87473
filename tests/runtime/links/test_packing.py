"""What is made narrow for a link comes out as it went in, to the bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.runtime.links.packing import WORTH, Packed, pack, unpack
from slac.runtime.links.protocol import BadMessage, from_body, to_body
from slac.stream.batch import TIME_TYPE

START = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = st.integers(-3, 300)
VALUES: dict[pl.DataType, st.SearchStrategy[object]] = {
    pl.Int64(): st.one_of(SMALL, st.integers(-(1 << 63), (1 << 63) - 1)),
    pl.UInt64(): st.one_of(st.integers(0, 300), st.integers(0, (1 << 64) - 1)),
    pl.Int128(): st.one_of(SMALL, st.integers(-(1 << 100), 1 << 100)),
    pl.Float64(): st.one_of(SMALL.map(float), st.just(-0.0), st.floats()),
    TIME_TYPE: st.integers(0, 1 << 40).map(lambda n: START + timedelta(microseconds=n)),
    pl.String(): st.sampled_from(["", "a", "b"]),
    pl.Boolean(): st.booleans(),
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Few values, again and again: of all types, alike or not, with NULL or without."""
    columns: list[pl.Series] = []
    for place in range(draw(st.integers(1, 6))):
        dtype = draw(st.sampled_from(list(VALUES)))
        value = st.one_of(st.none(), VALUES[dtype]) if draw(st.booleans()) else VALUES[dtype]
        few = draw(st.lists(value, min_size=1, max_size=4))
        columns.append(pl.Series(str(place), few * (WORTH // len(few) + 4), dtype).head(WORTH + 3))
    return pl.DataFrame(columns)


def bits(frame: pl.DataFrame) -> pl.DataFrame:
    """Floats as their bits: −0.0 is not 0.0, and NaN is NaN."""
    return frame.with_columns(pl.col(pl.Float64).reinterpret(signed=True))


@settings(max_examples=60, deadline=None)
@given(frames())
def test_frames_come_out_as_they_went_in(frame: pl.DataFrame) -> None:
    """Types, order of columns, NULLs and every bit."""
    came = from_body(to_body(frame))

    assert came is not None
    assert_frame_equal(bits(came), bits(frame))


def test_what_is_alike_is_not_sent() -> None:
    """Nor the upper bytes of small numbers; the first column says how many rows there are."""
    rows = range(WORTH)
    frame = pl.DataFrame(
        {"n": [7] * WORTH, "k": ["x"] * WORTH, "m": [i % 200 for i in rows], "seen": [2.0, 3.0] * (WORTH // 2)}
    )

    narrow, notes = pack(frame)

    assert narrow.schema == {"n": pl.UInt8, "m": pl.UInt8, "seen": pl.UInt8}
    assert [n.name for n in notes if n.place is not None] == ["k"]


def test_few_rows_are_left_alone() -> None:
    """They cost more to look at than they would save."""
    frame = pl.DataFrame({"n": [1, 2, 3]})

    assert pack(frame) == (frame, ())


@pytest.mark.parametrize(
    "notes",
    [
        (Packed("absent", "i64", "1"),),
        (Packed("n", "i64", "much"),),
        (Packed("n", "i64", str(1 << 80)),),
        (Packed("k", "i64", "1"),),
        tuple(Packed(f"c{i}", "text", "x", 1) for i in range(5_000)),
        (Packed("n", "text", "x", 1),),
    ],
    ids=["absent", "no number", "too large", "no numbers", "too many", "twice"],
)
def test_descriptions_that_do_not_fit_are_refused(notes: tuple[Packed, ...]) -> None:
    """A peer that sends them is cut off as any that speaks nonsense."""
    frame = pl.DataFrame({"n": [1, 2], "k": ["a", "b"]})
    described = msgspec.msgpack.encode(notes)
    body = b"\0narrow" + len(described).to_bytes(4, "little") + described + to_body(frame)

    with pytest.raises(BadMessage):
        from_body(body)


def test_a_cut_description_is_refused() -> None:
    """Whatever its length says."""
    with pytest.raises(BadMessage):
        from_body(b"\0narrow\xff\xff\xff\xff")


def test_nothing_is_unpacked_where_nothing_was_packed() -> None:
    """The frame itself comes back."""
    frame = pl.DataFrame({"n": [1]})

    assert unpack(frame, ()) is frame
