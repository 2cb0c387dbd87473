"""What is made narrow for a link comes out as it went in, to the bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.runtime.links.bodies import from_body, to_body
from slac.runtime.links.packing import WORTH, Described, Packed, Packing, pack
from slac.runtime.links.planes import bits_for, from_planes, holder, size_of, to_planes
from slac.runtime.links.protocol import BadMessage
from slac.stream.batch import TIME_TYPE

START = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = st.integers(-3, 300)
VALUES: dict[pl.DataType, st.SearchStrategy[object]] = {
    pl.Int64(): st.one_of(SMALL, st.integers(-(1 << 63), (1 << 63) - 1)),
    pl.UInt64(): st.one_of(st.integers(0, 300), st.integers(0, (1 << 64) - 1)),
    pl.Int128(): st.one_of(SMALL, st.integers(-(1 << 100), 1 << 100)),
    pl.Float64(): st.one_of(SMALL.map(float), SMALL.map(lambda n: n / 100), st.just(-0.0), st.floats()),
    TIME_TYPE: st.integers(0, 1 << 40).map(lambda n: START + timedelta(microseconds=n)),
    pl.String(): st.sampled_from(["", "a", "b"]),
    pl.Boolean(): st.booleans(),
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Few values, again and again: of all types, alike or not, in runs or not, with NULL or without."""
    columns: list[pl.Series] = []
    for place in range(draw(st.integers(1, 6))):
        dtype = draw(st.sampled_from(list(VALUES)))
        value = st.one_of(st.none(), VALUES[dtype]) if draw(st.booleans()) else VALUES[dtype]
        few = draw(st.lists(value, min_size=1, max_size=4))
        # Neighbours are alike, or never.
        times = draw(st.sampled_from([1, 1, 7, 1_000]))
        values = [value for value in few for _ in range(times)]
        columns.append(pl.Series(str(place), values * (WORTH // len(values) + 4), dtype).head(WORTH + 3))
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


def packed(frame: pl.DataFrame) -> Packing:
    """What becomes of a frame that goes narrow."""
    found = pack(frame)
    assert found is not None
    return found


def described(frame: pl.DataFrame) -> dict[str, Packed]:
    """How its columns go, by name; not those that stay as they are."""
    return {column.name: column for column in packed(frame).columns if column is not None}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 16).map(lambda n: 4 * n), st.integers(1, 40), st.integers(0, 9))
def test_planes_say_each_number(bits: int, rows: int, seed: int) -> None:
    """Of all widths, and any number of rows."""
    draw = np.random.default_rng(seed).integers(0, (1 << bits) - 1, rows, np.uint64, endpoint=True)
    numbers = draw.astype(holder(bits))
    data = b"".join(plane.tobytes() for plane in to_planes(numbers, bits))

    assert len(data) == size_of(bits, rows)
    assert bits_for(int(draw.max())) <= bits
    assert from_planes(memoryview(data), bits, rows).tolist() == numbers.tolist()


def test_numbers_take_as_few_bits_as_hold_them() -> None:
    """Their distance from the lowest; those that are alike none, those like another column's none of their own."""
    numbers = [i % 200 for i in range(WORTH)]
    frame = pl.DataFrame(
        {
            "alike": [7] * WORTH,
            "text": ["x"] * WORTH,
            "number": numbers,
            "same": [float(n + 3) for n in numbers],
            "four": [1_000_000 + i % 16 for i in range(WORTH)],
            "run": [i // 100 * 3_600_000_000 for i in range(WORTH)],
        }
    )

    found = described(frame)

    assert {name: column.bits for name, column in found.items()} == {
        "alike": 0,
        "text": 0,
        "number": 8,
        "same": 8,
        "four": 4,
        "run": 40,
    }
    assert found["same"].like == 2
    assert found["run"].runs == -(-WORTH // 100)
    assert len(to_body(frame)) < 1.6 * WORTH + 1_500


def test_floats_with_few_decimals_are_whole_numbers() -> None:
    """But for some, which lie beside them; those of all kinds stay as their bits."""
    few = [(i * 37 % 5_000) / 1_000 for i in range(WORTH)]
    frame = pl.DataFrame({"few": [*few[:-2], float("nan"), -0.0], "all": [i * 37 % 5_000 / 7 for i in range(WORTH)]})

    found = described(frame)

    assert (found["few"].scale, found["few"].odd, found["few"].bits) == (3, 2, 16)
    assert "all" not in found or found["all"].scale is None
    came = from_body(to_body(frame))
    assert came is not None
    assert_frame_equal(bits(came), bits(frame))


def test_texts_that_recur_are_said_once() -> None:
    """Those that hardly do stay as they are."""
    frame = pl.DataFrame(
        {
            "n": list(range(WORTH)),
            "user": [f"user-{i * 7 % 900}" for i in range(WORTH)],
            "session": [f"session-{i * 7}" for i in range(WORTH)],
        }
    )

    found = described(frame)

    assert set(found) == {"n", "user"}
    assert len(found["user"].texts) == 900


def test_few_rows_are_left_alone() -> None:
    """They cost more to look at than they would save."""
    assert pack(pl.DataFrame({"n": [1, 2, 3]})) is None


def test_nothing_but_what_is_alike_is_left_alone() -> None:
    """There are at least as many bytes as rows: a receiver takes nothing else."""
    assert pack(pl.DataFrame({"n": [1] * WORTH})) is None


def body(rows: int, columns: tuple[Packed | None, ...], data: bytes) -> bytes:
    """What a peer may send."""
    said = msgspec.msgpack.encode(Described(rows, columns))
    return b"\0packed\0" + len(said).to_bytes(4, "little") + said + data


N = Packed("n", "i64", bits=8)


@pytest.mark.parametrize(
    ("rows", "columns", "data"),
    [
        (3, (N,), b"12"),
        (2, (N,), b"123"),
        (1 << 40, (N,), b"12"),
        (-1, (N,), b"12"),
        (2, (Packed("n", "i64", bits=7),), b"12"),
        (2, (Packed("n", "i64", bits=128),), b"12" * 40),
        (2, (N, Packed("m", "i64", bits=8, like=1)), b"12"),
        (2, (N, Packed("m", "i64", bits=8, like=-1)), b"12"),
        (2, (Packed("n", "i64", bits=8, runs=3),), bytes(3 + 12)),
        (2, (Packed("n", "i64", bits=8, runs=-1),), bytes(20)),
        (2, (Packed("n", "i64", bits=8, runs=1),), b"1\xff\xff\xff\xff"),
        (2, (Packed("n", "float", bits=8, scale=99),), b"12"),
        (2, (Packed("n", "float", bits=8, scale=0, odd=1),), b"12\x09\0\0\0" + bytes(8)),
        (2, (Packed("n", "float", bits=8, scale=0, odd=-1),), b"12"),
        (2, (Packed("n", "text", bits=8, texts=("a",)),), b"\x00\x01"),
        (2, (Packed("n", "text"), N), b"12"),
        (2, (N, N), b"1212"),
        (2, (N, None), b"12"),
        (2, (N, None), b"12" + to_body(pl.DataFrame({"k": [1]}))),
        (2, (N,), b"12" + to_body(pl.DataFrame({"k": [1, 2]}))),
        (9_000, (N,) * 5_000, bytes(9_000)),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(rows: int, columns: tuple[Packed | None, ...], data: bytes) -> None:
    """A peer that sends them is cut off as any that speaks nonsense."""
    with pytest.raises(BadMessage):
        from_body(body(rows, columns, data))


@pytest.mark.parametrize("data", [b"\0packed\0\xff\xff\xff\xff", b"\0packed\0", b"\0narrow\0"])
def test_a_cut_description_is_refused(data: bytes) -> None:
    """Whatever its length says."""
    with pytest.raises(BadMessage):
        from_body(data)
