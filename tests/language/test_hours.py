"""Days, hours, dates and moments of a calendar as people write them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from slac.language.hours import instant, parse_day, parse_days, parse_hours, parse_moment

HOUR = 3_600_000_000


def test_days_are_one_or_several_in_a_row() -> None:
    """Over the end of the week too."""
    assert parse_days("wed") == (2,)
    assert parse_days("mon-thu") == (0, 1, 2, 3)
    assert parse_days("fri-mon") == (4, 5, 6, 0)


def test_hours_may_end_on_the_next_day() -> None:
    """An end that is not behind the start is one of the day that follows."""
    assert parse_hours("08:00-18:30") == (8 * HOUR, 18.5 * HOUR)
    assert parse_hours("22:00-06:00") == (22 * HOUR, 30 * HOUR)
    assert parse_hours("00:00-24:00") == (0, 24 * HOUR)
    assert parse_hours("18:00-00:00") == (18 * HOUR, 24 * HOUR)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22 02:00", "2026-11-22 01:00"),
        ("2026-11-22T02:00:30Z", "2026-11-22 02:00:30"),
        ("2026-11-22 02:00+05:30", "2026-11-21 20:30"),
        ("2026-03-29 02:30", "2026-03-29 01:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),
    ],
)
def test_a_moment_is_one_of_the_zone_unless_it_says_otherwise(text: str, utc: str) -> None:
    """What the clock skips is the instant behind the gap; what it shows twice is the first."""
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp() * 1_000_000
    assert instant(parse_moment(text), "Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (parse_days, "mo-fri", '"mo" is no day'),
        (parse_days, "mon-", '"" is no day'),
        (parse_hours, "8-18", 'write it like "08:00-18:00"'),
        (parse_hours, "08:00-25:00", "the last one is 24:00"),
        (parse_hours, "08:60-09:00", "no time of day 08:60"),
        (parse_hours, "08:00-08:00", 'a whole day is "00:00-24:00"'),
        (parse_hours, "24:00-06:00", "hours begin before 24:00"),
        (parse_day, "2026-02-30", 'write it like "2026-12-25"'),
        (parse_day, "25.12.2026", 'write it like "2026-12-25"'),
        (parse_moment, "2026-11-22", 'write it like "2026-11-22 02:00"'),
        (parse_moment, "0001-01-01 00:00", "outside of the calendar"),
    ],
)
def test_what_is_refused(parse: Callable[[str], object], text: str, sentence: str) -> None:
    """With a sentence that shows how it is written."""
    with pytest.raises(ValueError, match=sentence):
        parse(text)
