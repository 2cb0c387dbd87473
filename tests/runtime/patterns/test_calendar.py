"""Instants of calendars: `timer:at` and schedules, over months, special days and changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slac.language.patterns import At, Schedule, parse_pattern
from slac.runtime.patterns.calendar import grid_after, next_at


def us(text: str) -> int:
    """Microseconds of an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def shown(instant: int | None) -> str:
    """The instant as text."""
    return "never" if instant is None else datetime.fromtimestamp(instant / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("at", "start", "expected"),
    [
        ("*/15, 8:17, *, *, *", "2024-05-01 08:07", "2024-05-01 08:15:00"),
        ("*/15, 8:17, *, *, *", "2024-05-01 08:15", "2024-05-01 08:30:00"),
        ("*/15, 8:17, *, *, *", "2024-05-01 17:45", "2024-05-02 08:00:00"),
        ("0, 0, 1, *, *", "2024-12-31 23:59", "2025-01-01 00:00:00"),
        ("0, 8, *, *, 1:5", "2024-05-03 08:00", "2024-05-06 08:00:00"),
        ("0, 8, *, *, 0", "2024-05-03 08:00", "2024-05-05 08:00:00"),
        ("*, *, last, *, *", "2024-02-10 12:00", "2024-02-29 00:00:00"),
        ("*, *, last, *, *", "2024-02-29 00:00", "2024-03-31 00:00:00"),
        ("0, 9, *, *, 5 last", "2024-05-01 00:00", "2024-05-31 09:00:00"),
        ("0, 9, lastweekday, *, *", "2024-06-01 00:00", "2024-06-28 09:00:00"),
        ("0, 9, 15 weekday, *, *", "2024-06-01 00:00", "2024-06-14 09:00:00"),
        ("0, 9, 1 weekday, *, *", "2024-06-01 00:00", "2024-06-03 09:00:00"),
        ("0, 0, 29, 2, *", "2024-03-01 00:00", "2028-02-29 00:00:00"),
        ("0, 0, 31, 2, *", "2024-03-01 00:00", "never"),
        ("30, 8, *, *, *, 0, 'Europe/Berlin'", "2024-03-31 00:00", "2024-03-31 06:30:00"),
        ("30, 2, *, *, *, 0, 'Europe/Berlin'", "2024-03-31 00:00", "2024-03-31 01:30:00"),
        ("30, 2, *, *, *, 0, 'Europe/Berlin'", "2024-10-26 22:00", "2024-10-27 00:30:00"),
        ("30, 2, *, *, *, 0, 'Europe/Berlin'", "2024-10-27 02:00", "2024-10-28 01:30:00"),
    ],
)
def test_the_next_instant_of_a_calendar(at: str, start: str, expected: str) -> None:
    """Strictly after the start; special days count once, at their earliest time."""
    pattern = parse_pattern(f"timer:at({at})").pattern
    assert isinstance(pattern, At)
    assert shown(next_at(pattern, us(start))) == expected


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("iso: 'R3/2024-05-01T00:00:00Z/PT2S'", "2024-04-30 00:00", "2024-05-01 00:00:00"),
        ("iso: 'R3/2024-05-01T00:00:00Z/PT2S'", "2024-05-01 00:00", "2024-05-01 00:00:02"),
        ("iso: 'R3/2024-05-01T00:00:00Z/PT2S'", "2024-05-01 00:00:04", "never"),
        ("date: '2024-01-31T00:00:00Z', period: 1 month", "2024-02-10 00:00", "2024-02-29 00:00:00"),
        ("date: '2024-01-31T00:00:00Z', period: 1 month", "2024-02-29 00:00", "2024-03-31 00:00:00"),
        ("date: '2024-01-31T00:00:00Z'", "2024-02-10 00:00", "never"),
        ("period: 1d, repetitions: 2", "2024-01-02 00:00", "2024-01-03 00:00:00"),
    ],
)
def test_the_next_instant_of_a_schedule(schedule: str, now: str, expected: str) -> None:
    """A schedule keeps its own grid, from its date or its start."""
    pattern = parse_pattern(f"timer:schedule({schedule})").pattern
    assert isinstance(pattern, Schedule)
    assert shown(grid_after(pattern, us("2024-01-01 00:00"), us(now))) == expected
