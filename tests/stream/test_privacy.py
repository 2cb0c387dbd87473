"""Hashes of sensitive values: equal where the values are, marked, and worth nothing without the key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.stream.privacy import LENGTH, MARK, Hasher, is_marked

HASHER = Hasher(b"sixteen bytes at least")


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=30))
@settings(max_examples=50, deadline=None)
def test_equal_values_have_equal_hashes(values: list[str | None]) -> None:
    """However long the column is, and twice hashed is hashed once."""
    column = pl.Series("c", values, dtype=pl.String)
    hashes = HASHER.column(column)
    many = HASHER.column(pl.concat([column] * 100)) if values else hashes

    assert [h is None for h in hashes] == [v is None for v in values]
    assert len(set(hashes.drop_nulls())) == len(set(column.drop_nulls()))
    assert all(is_marked(h) and len(h) == LENGTH for h in hashes.drop_nulls())
    assert HASHER.column(hashes).equals(hashes)
    assert many.head(len(values)).equals(hashes)


def test_other_types_are_hashed_as_they_are_written() -> None:
    """A long column as a short one; numbers, instants and durations."""
    for values in (
        pl.Series([1, None, -3]),
        pl.Series([1.5, None, 1e300]),
        pl.Series([datetime(2026, 1, 1, tzinfo=UTC), None]),
        pl.Series([timedelta(seconds=1), None]),
    ):
        short = HASHER.column(values)
        assert HASHER.column(pl.concat([values] * 2000)).head(values.len()).equals(short)
        assert short[0] != values[0]
    assert HASHER.column(pl.Series([12]))[0] == HASHER.value("12")


def test_what_only_looks_marked_is_hashed() -> None:
    """Who writes the mark before a value does not get it through."""
    for text in (f"{MARK}alice", f"{MARK}{'a' * 31}", f"{MARK}{'g' * 32}", f"{MARK}{'a' * 32}\n", MARK):
        assert HASHER.value(text) != text
    assert HASHER.value(f"{MARK}{'a' * 32}") == f"{MARK}{'a' * 32}"


def test_keys_matter() -> None:
    """Another key makes other hashes; what is no key is refused."""
    other = Hasher(b"another key of enough bytes")
    assert other.value("x") != HASHER.value("x")
    assert other.fingerprint != HASHER.fingerprint
    for wrong in (b"", b"fifteen bytes..", b"x" * 65):
        with pytest.raises(ValueError, match="16 to 64 bytes"):
            Hasher(wrong)
