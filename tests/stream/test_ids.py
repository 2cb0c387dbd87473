"""Ids are the same everywhere and for ever: golden values, canonical forms, and the gate's sample."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.stream.batch import ID, TIME, TIME_TYPE, WINDOW_START
from slac.stream.ids import (
    admit,
    format_id,
    hash_columns,
    hash_text,
    hash_values,
    ids_behind,
    parse_id,
    reid,
    row_ids,
    salted,
    sequence_ids,
    source_prefix,
    splitmix64,
    window_ids,
)


def ids(values: list[object], dtype: pl.DataType | type[pl.DataType] | None = None, salt: int = 7) -> list[str]:
    """The printed ids of one column of values."""
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return [format_id(i) for i in hash_columns(frame, ["x"], salt)]


def test_golden_values_of_every_type() -> None:
    """These values are on disks and wires: a change here breaks every stored id."""
    epoch = datetime(2024, 1, 1, tzinfo=UTC)

    assert ids([1, -1, None]) == ["e8b49e14c0e13727", "10a1c0887ba189e5", "a4ccb3b6a26ac7c1"]
    assert ids([0.5, 0.0, float("nan")]) == ["20d6727ae6d04e69", "a21f41778ab8e260", "e22bfad44823f0d6"]
    assert ids(["a", ""]) == ["bef722abcec35d41", "81b9270a1070bc62"]
    assert ids([True, False]) == ["6565e7ac501175d7", "43cb4214f7899227"]
    assert ids([epoch], TIME_TYPE) == ["67206a5574d26666"]
    assert ids([timedelta(seconds=1)]) == ["99e221bf4a76b044"]
    assert ids([{"x": 1, "y": "q"}]) == ["97c391f1a5aa633e"]


def test_golden_values_of_texts() -> None:
    """The salts that ids are made with are golden too."""
    texts = [("a",), ("a", "b"), ("b", "a"), ("ab",)]

    assert [format_id(hash_text(*t)) for t in texts] == [
        "dbac1e875f4d0340",
        "6df06277a476814d",
        "d307f2a0c2e56469",
        "513b1d22577c86dd",
    ]
    assert source_prefix("watchdog", "a.ndjson") == 14238795


def test_splitmix64_is_the_published_function() -> None:
    """The first outputs for the seeds 0 and 1234567 are those of the reference implementation."""
    assert splitmix64(np.array([0, 1234567], np.uint64)).tolist() == [0xE220A8397B1DCDAF, 6457827717110365317]


def test_canonical_forms_are_alike() -> None:
    """Integer widths, signed zeros, kinds of NaN and units of time make no difference; types do."""
    nan = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)

    assert ids([-1], pl.Int32) == ids([-1], pl.Int64) == ids([-1], pl.Int8)
    assert ids([-0.0]) == ids([0.0])
    assert len(set(ids(nan.tolist()))) == 1
    assert ids([0.25], pl.Float32) == ids([0.25])
    assert ids([datetime(2024, 1, 1)], pl.Datetime("ms")) == ids([datetime(2024, 1, 1)], pl.Datetime("ns"))  # noqa: DTZ001
    assert ids(["a"], pl.Categorical()) == ids(["a"], pl.Enum(["b", "a"])) == ids(["a"])
    assert len({*ids([0]), *ids([0.0]), *ids([False]), *ids([""]), *ids([None], pl.Int64)}) == 5
    assert ids([None], pl.Null) == ids([None], pl.String)


def test_slicing_makes_no_difference() -> None:
    """Rows hashed one by one have the ids of rows hashed together."""
    frame = pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", None], "c": [0.1, 0.2, None]})
    whole = hash_columns(frame, ["a", "b", "c"], 1).to_list()

    assert [hash_columns(frame[i : i + 1], ["a", "b", "c"], 1)[0] for i in range(3)] == whole
    assert hash_columns(frame, ["b", "a", "c"], 1).to_list() != whole
    assert hash_columns(frame, ["a", "b", "c"], 2).to_list() != whole


def test_a_list_has_no_identity() -> None:
    """A list cannot be part of an id, and the message names the column."""
    with pytest.raises(TypeError, match='column "x"'):
        ids([[1, 2]])


def test_sequence_ids_hold_prefix_and_sequence() -> None:
    """24 bits of source, 40 bits of sequence."""
    assert [format_id(int(i)) for i in sequence_ids(0xABCDEF, 10, 2)] == ["abcdef000000000a", "abcdef000000000b"]
    assert sequence_ids(1, 0, 0).dtype == np.uint64


def test_new_ids_depend_on_document_block_and_id() -> None:
    """`emits` makes ids that differ between blocks and stay the same between runs."""
    frame = pl.DataFrame({ID: pl.Series([1, 2], dtype=pl.UInt64), "x": [1, 1]})
    first = reid(frame, "doc", "block")

    assert first.equals(reid(frame, "doc", "block"))
    assert first["x"].to_list() == [1, 1]
    assert len({*first[ID], *reid(frame, "doc", "other")[ID], *frame[ID]}) == 6


def test_window_ids_depend_on_key_and_window() -> None:
    """The same key in two windows, and two keys in one, have different ids."""
    time = pl.Series(TIME, [9, 19, 9]).cast(TIME_TYPE)
    start = pl.Series(WINDOW_START, [0, 10, 0]).cast(TIME_TYPE)
    frame = pl.DataFrame([time, start, pl.Series("k", ["a", "a", "b"])])

    assert window_ids(frame, "d", "b", ["k"]).n_unique() == 3
    assert window_ids(frame, "d", "b", ["k"]).to_list() == row_ids(frame, "d", "b", ["k", WINDOW_START, TIME]).to_list()


def test_the_gate_takes_the_share_and_a_smaller_share_is_a_part_of_it() -> None:
    """A gate at 0.1 keeps a tenth, all of which one at 0.5 keeps; another salt chooses independently."""
    many = sequence_ids(3, 0, 100_000)
    tenth, half = admit(salted(many, 5), (1 << 64) // 10), admit(salted(many, 5), 1 << 63)

    assert abs(tenth.mean() - 0.1) < 0.005
    assert not (tenth & ~half).any()
    assert abs((half & admit(salted(many, 6), 1 << 63)).mean() - 0.25) < 0.01
    assert admit(salted(many, 5), None).all()
    assert admit(salted(many, 5), 1 << 64).all()


def test_printed_ids_come_back() -> None:
    """`parse_id` undoes `format_id` and refuses what is no id."""
    assert parse_id(format_id(255)) == 255
    assert format_id(255) == "00000000000000ff"
    with pytest.raises(ValueError, match="16 hex digits"):
        parse_id("ff")


@given(st.lists(st.none() | st.integers(0, 2**64 - 1)))
def test_ids_are_found_behind_their_hashes(ids: list[int | None]) -> None:
    """No two ids have one hash."""
    values = pl.Series(ID, ids, dtype=pl.UInt64)

    assert ids_behind(hash_values(values)).to_list() == ids
