"""How many keys an input has, beside what it declares."""

import polars as pl
import pytest

from slac.runtime.key_watch import KeyWatch, Surplus


def users(first: int, last: int) -> pl.DataFrame:
    """One row a user."""
    return pl.DataFrame({"user": [f"user-{i}" for i in range(first, last)]}, schema={"user": pl.String})


def test_few_keys_are_counted_exactly_however_often_they_come() -> None:
    """What repeats is counted once."""
    watch = KeyWatch({"user": 100}, frozenset({"user"}))
    for _ in range(3):
        watch.take(users(0, 60))
    assert watch.counts() == {"user": 60}
    assert not list(watch.news())


def test_many_keys_are_estimated_within_five_percent() -> None:
    """In any slicing."""
    watch = KeyWatch({"user": 10}, frozenset({"user"}))
    for first in range(0, 200_000, 50_000):
        watch.take(users(first, first + 50_000))
    assert watch.counts()["user"] == pytest.approx(200_000, rel=0.05)


def test_more_than_declared_is_told_once_and_again_when_it_doubles() -> None:
    """A quarter more than declared is still met."""
    watch = KeyWatch({"user": 100}, frozenset({"user"}))
    watch.take(users(0, 125))
    assert not list(watch.news())
    watch.take(users(125, 200))
    assert list(watch.news()) == [Surplus("user", 100, 200)]
    watch.take(users(200, 400))
    assert not list(watch.news())
    watch.take(users(400, 401))
    assert list(watch.news()) == [Surplus("user", 100, 401)]


def test_several_columns_are_one_key_and_what_is_not_read_is_not_watched() -> None:
    """`module, test_case` counts pairs, NULLs among them; a column that pruning took away says nothing."""
    watch = KeyWatch({"module, test_case": 10, "gone": 3}, frozenset({"module", "test_case"}))
    watch.take(pl.DataFrame({"module": ["a", "a", "b", None], "test_case": ["x", "x", "x", "x"]}))
    assert watch.counts() == {"module, test_case": 3}
