"""The notation of series."""

from typing import Any

import pytest

from slac.language.tests import GAP, parse_at, parse_start
from slac.language.tests.notation import MOST, values_of


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (7, (7,)),
        ("7x3", (7, 7, 7)),
        ("10+5x3", (10, 15, 20)),
        ("10-2.5x3", (10, 7.5, 5.0)),
        ("0.1+0.1x3", (0.1, 0.2, 0.3)),
        ("1 _x2 2", (1, GAP, GAP, 2)),
        ("true false null", (True, False, None)),
        (["failure", "success x2"], ("failure", "success", "success")),
        (["two words x2"], ("two words", "two words")),
        ([1.5, "_", "null x2", "1+1x2"], (1.5, GAP, None, None, 1, 2)),
    ],
)
def test_values(written: Any, values: tuple[Any, ...]) -> None:
    """`xN` is always N values."""
    assert values_of(written) == values


@pytest.mark.parametrize(("written", "told"), [("success", "[success x3]"), ([], "no values"), ("1x999999", str(MOST))])
def test_what_is_no_series(written: Any, told: str) -> None:
    """A sentence says what is wrong."""
    with pytest.raises(ValueError, match=r".*") as caught:
        values_of(written)
    assert told in str(caught.value)


def test_instants() -> None:
    """From the start, or absolute."""
    start = parse_start("2024-01-01T00:00:00Z")
    assert parse_at("12s", start) - start == 12_000_000
    assert parse_at("-5s", start) - start == -5_000_000
    assert parse_at("0s", start) == start
    assert parse_at("2024-01-01T01:00:00+01:00", start) == start


@pytest.mark.parametrize("text", ["yesterday", "2024-01-01T00:00:00", "12"])
def test_what_is_no_instant(text: str) -> None:
    """Neither a duration nor RFC 3339 with an offset."""
    with pytest.raises(ValueError, match=r"."):
        parse_at(text, 0)
