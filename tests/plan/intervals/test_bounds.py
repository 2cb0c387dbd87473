"""An end that says nothing stays one when something is added to it, and can be written as an instant."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from slac.plan.intervals.bounds import FARTHEST, is_far


@pytest.mark.parametrize("sign", [-1, 1])
def test_ends_that_say_nothing_can_be_moved(sign: int) -> None:
    """By a century to either side they are still instants of Python, and far."""
    for years in (-100, 0, 100):
        moved = sign * FARTHEST + years * 366 * 86_400_000_000
        assert is_far(pl.Series([moved]).cast(pl.Datetime("us", "UTC")).to_list()[0])
        assert is_far(pl.Series([moved]).cast(pl.Duration("us")).to_list()[0])


def test_what_means_something_is_not_far() -> None:
    """Instants of any contract, durations of centuries, and finite numbers."""
    assert not is_far(datetime(1900, 1, 1, tzinfo=UTC))
    assert not is_far(datetime(2200, 1, 1, tzinfo=UTC))
    assert not is_far(timedelta(days=200_000))
    assert not is_far(1e300)
    assert not is_far(None)
    assert is_far(float("-inf"))
