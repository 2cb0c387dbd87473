"""Durations, rates, sizes, shares and windows as people write them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.language.document import Rate, Share
from slac.language.durations import format_duration, parse_duration
from slac.language.rates import parse_burst, parse_rate
from slac.language.sizes import format_size, parse_bandwidth, parse_cpu, parse_memory, parse_size
from slac.language.units import PARSERS, complaint
from slac.language.windows import WindowText, parse_window

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (parse_duration, "10m", 600 * SECOND),
        (parse_duration, "1h30m", 5400 * SECOND),
        (parse_duration, "500ms", 500_000),
        (parse_duration, "0.5s", 500_000),
        (parse_duration, " 7d ", 604_800 * SECOND),
        (parse_duration, "0s", 0),
        (parse_rate, "50/s", Rate(50.0)),
        (parse_rate, "2k/s", Rate(2000.0)),
        (parse_rate, "120/m", Rate(2.0)),
        (parse_burst, "400/s for 30s", (Rate(400.0), 30 * SECOND)),
        (parse_size, "256MiB", 2**28),
        (parse_size, "1 kB", 1000),
        (parse_bandwidth, "5Mbit/s", 5e6),
        (parse_cpu, "30%", Share(0.3, "fraction")),
        (parse_cpu, "0.5 cores", Share(0.5, "cores")),
        (parse_memory, "512MiB", Share(float(2**29), "bytes")),
        (parse_window, "tumbling 10m", WindowText("tumbling", 600 * SECOND, 600 * SECOND)),
        (parse_window, "hopping 60s every 10s", WindowText("hopping", 60 * SECOND, 10 * SECOND)),
        (parse_window, "same", WindowText("same", 0, 0)),
        (parse_window, "running", WindowText("running")),
        (parse_window, "sliding 60s", WindowText("sliding", 60 * SECOND)),
        (parse_window, "session 30m", WindowText("session", 1800 * SECOND)),
        (
            parse_window,
            "calendar day in Europe/Berlin",
            WindowText("calendar", 90_000 * SECOND, 90_000 * SECOND, "day", "Europe/Berlin"),
        ),
    ],
)
def test_what_is_understood(parse: Callable[[str], object], text: str, expected: object) -> None:
    """Each form of the documentation means what it says."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (parse_duration, "1 month", "has no fixed length: write days"),
        (parse_duration, "2y", "calendar year in Europe/Berlin"),
        (parse_duration, "10", "10 seconds are written 10s"),
        (parse_duration, "10 minutes", "is not a duration: write 10m$"),
        (parse_duration, "30m1h", "the largest first"),
        (parse_duration, "1m1m", "each unit stands once"),
        (parse_duration, "0.5us", "finer than a microsecond"),
        (parse_duration, "40000d", "longer than 100 years"),
        (parse_duration, "-5m", "not a duration"),
        (parse_duration, "", "not a duration"),
        (parse_rate, "50", "50 a second is written 50/s"),
        (parse_rate, "0/s", "above zero"),
        (parse_burst, "400/s", "how long it lasts"),
        (parse_burst, "400/s for 0s", "longer than zero"),
        (parse_size, "256", "write it like 256MiB"),
        (parse_size, "0B", "above zero"),
        (parse_bandwidth, "5MB", "write it like 5Mbit/s"),
        (parse_cpu, "130%", "up to 100%"),
        (parse_cpu, "1GiB", "no share of a processor"),
        (parse_memory, "2 cores", "no share of memory"),
        (parse_window, "10m", 'write "tumbling 10m"'),
        (parse_window, "hopping 60s", "needs its step"),
        (parse_window, "hopping 10s every 60s", "fall between windows"),
        (parse_window, "tumbling 0s", "longer than zero"),
        (parse_window, "", "is not a window"),
        (parse_window, "calendar day", "calendar day in UTC"),
        (parse_window, "calendar days in UTC", "no unit of the calendar"),
        (parse_window, "calendar day in Europe/Berln", "did you mean .Europe/Berlin."),
        (parse_window, "sliding 0s", "longer than zero"),
    ],
)
def test_what_is_refused(parse: Callable[[str], object], text: str, sentence: str) -> None:
    """A refusal is a whole sentence that says how to write it."""
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        parse(text)


@given(st.integers(min_value=0, max_value=36_500 * 86_400 * SECOND))
def test_durations_round_trip(microseconds: int) -> None:
    """What is printed is what is read."""
    assert parse_duration(format_duration(microseconds)) == microseconds


@given(st.integers(min_value=1, max_value=2**50))
def test_sizes_round_trip(count: int) -> None:
    """What is printed is what is read."""
    assert parse_size(format_size(count)) == count


@given(st.sampled_from(sorted(PARSERS)), st.text(max_size=30))
def test_parsers_raise_nothing_but_value_errors(unit: str, text: str) -> None:
    """Whatever the text, there is a value or a sentence."""
    assert complaint(unit, text)
