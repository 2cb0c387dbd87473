"""Times of the clock as instants, on days of 23 and 25 hours too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from slac.plan.guards import Schedule
from slac.runtime.audits.slots import NEVER
from slac.runtime.audits.timetable import Timetable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAILY = Schedule(cron="30 2 * * *", zone="Europe/Berlin")


def at(text: str) -> int:
    """An instant of UTC in µs."""
    return (datetime.fromisoformat(text + "+00:00") - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("2026-03-27T12:00", "2026-03-28T01:30"),
        ("2026-03-28T12:00", "2026-03-29T01:00"),
        ("2026-03-29T12:00", "2026-03-30T00:30"),
        ("2026-10-24T12:00", "2026-10-25T00:30"),
        ("2026-10-25T00:31", "2026-10-26T01:30"),
    ],
)
def test_a_time_that_is_left_out_or_shown_twice(asked: str, found: str) -> None:
    """02:30 in Berlin: on 29 March the clock goes on at 03:00, on 25 October 02:30 comes twice and counts once."""
    assert Timetable([DAILY]).from_(np.array([at(asked)])).tolist() == [at(found)]


def test_an_instant_is_its_own_next_one() -> None:
    """Not a microsecond earlier or later, whatever was asked before."""
    times = Timetable([DAILY])
    here = at("2026-06-01T00:30")

    for _ in range(2):
        assert times.from_(np.array([here - 1, here, here + 1])).tolist() == [here, here, at("2026-06-02T00:30")]
        assert times.from_(np.array([at("1999-06-01T00:00")])).tolist() == [at("1999-06-01T00:30")]


def test_the_earliest_of_several_schedules() -> None:
    """Far apart and many at once."""
    times = Timetable([DAILY, Schedule(cron="0 * * * *", zone="UTC")])
    asked = np.array([at("2026-06-01T00:10") + i * 600_000_000 for i in range(6)])

    half, full, next_full = at("2026-06-01T00:30"), at("2026-06-01T01:00"), at("2026-06-01T02:00")
    assert times.from_(asked).tolist() == [half] * 3 + [full] * 3
    assert times.from_(asked + 3_600_000_000 * 24 * 365 * 30).tolist()[0] > next_full


def test_nothing_is_due_without_a_schedule() -> None:
    """An audit may have states without one."""
    assert Timetable([]).from_(np.array([5])).tolist() == [NEVER]
