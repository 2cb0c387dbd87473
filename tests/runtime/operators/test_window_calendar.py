"""Calendar windows: where they lie in many time zones, and that they aggregate like all others."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.window_spec import CalendarUnit, WindowSpec
from slac.runtime.operators.window_calendar import CalendarGrid
from slac.stream.batch import TIME, WINDOW_START, Batch
from tests.runtime.operators.driving import Arrivals, cut, events
from tests.runtime.operators.test_window import SCHEMA, SIZES, driver, feed, said, window

HOUR = 3_600_000_000
ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Kolkata", "Pacific/Apia", "Asia/Beirut")
UNITS: tuple[CalendarUnit, ...] = ("hour", "day", "week", "month", "quarter", "year")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(631_152_000 * 10**6, 1_735_689_600 * 10**6)
"""From 1990 to 2025."""


def micros(at: datetime) -> int:
    """An instant in µs."""
    return (at - EPOCH) // timedelta(microseconds=1)


def local(instant: int, zone: str) -> datetime:
    """The local clock, as Python's own library has it."""
    return (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


def label(instant: int, unit: CalendarUnit, zone: str) -> tuple[Any, ...]:
    """Which hour, day, … an instant belongs to: the definition of a calendar window."""
    at = local(instant, zone)
    match unit:
        case "hour":
            return at.date(), at.hour, at.utcoffset()
        case "day":
            return (at.date(),)
        case "week":
            return at.isocalendar()[:2]
        case "month":
            return at.year, at.month
        case "quarter":
            return at.year, (at.month - 1) // 3
        case _:
            return (at.year,)


@settings(max_examples=150, deadline=None)
@given(INSTANTS, st.sampled_from(UNITS), st.sampled_from(ZONES))
def test_a_window_is_all_that_has_its_label(instant: int, unit: CalendarUnit, zone: str) -> None:
    """From the first instant of that hour, day, … to the first of the next, by columns and one by one."""
    grid = CalendarGrid(unit, zone)
    start, end = grid.pane_start(instant), grid.end_after(instant)
    frame = pl.DataFrame({"t": [instant, start, end - 1, end]})
    starts = frame.select(grid.pane_of(pl.col("t")).alias("s"), grid.last_end(pl.col("t")).alias("e")).rows()

    assert start <= instant < end
    assert label(start, unit, zone) == label(instant, unit, zone) == label(end - 1, unit, zone)
    assert label(start - 1, unit, zone) != label(instant, unit, zone) != label(end, unit, zone)
    assert starts[:3] == [(start, end)] * 3
    assert starts[3][0] == end
    assert frame.select(grid.end_of(grid.closed_by(pl.col("t"))))["t"].to_list() == [start, start, start, end]


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2025-03-30", "Europe/Berlin", 23),
        ("2025-10-26", "Europe/Berlin", 25),
        ("2025-06-01", "Europe/Berlin", 24),
        # Midnight itself is skipped, and the day begins at one o'clock.
        ("2017-10-15", "America/Sao_Paulo", 23),
        ("2018-02-17", "America/Sao_Paulo", 25),
    ],
)
def test_days_on_which_clocks_change(day: str, zone: str, hours: int) -> None:
    """A day has 23 or 25 hours then, and so many windows of an hour."""
    noon = micros(datetime.fromisoformat(day).replace(hour=12, tzinfo=ZoneInfo(zone)))
    days, clock = CalendarGrid("day", zone), CalendarGrid("hour", zone)
    start, end = days.pane_start(noon), days.end_after(noon)
    instants = pl.DataFrame({"t": list(range(start, end, HOUR // 4))})

    assert (end - start) // HOUR == hours
    assert instants.select(clock.pane_of(pl.col("t")))["t"].n_unique() == hours


def rows_of(hours: list[int], keys: list[str]) -> pl.DataFrame:
    """Rows at so many hours from a Saturday before clocks go back."""
    start = micros(datetime(2025, 10, 24, 20, 30, tzinfo=UTC))
    return events([{TIME: start + h * HOUR, "k": k, "x": 1.0} for h, k in zip(hours, keys, strict=True)], SCHEMA)


FRAMES = st.lists(st.tuples(st.integers(0, 100), st.sampled_from("ab")), min_size=1, max_size=20).map(
    lambda pairs: rows_of([h for h, _ in pairs], [k for _, k in pairs])
)


def spec(unit: CalendarUnit) -> WindowSpec:
    """Windows of the calendar of Berlin."""
    return WindowSpec(kind="calendar", size=25 * HOUR, every=25 * HOUR, unit=unit, zone="Europe/Berlin")


@settings(max_examples=60, deadline=None)
@given(FRAMES, st.sampled_from(["hour", "day", "week", "month"]), st.sampled_from((0, 5, 200)), SIZES)
def test_rows_are_those_of_the_definition_in_any_slicing(
    frame: pl.DataFrame, unit: CalendarUnit, lateness: int, sizes: list[int]
) -> None:
    """Counts by label and key, whatever the batches, restarted after every step; late rows are counted."""
    node, counts, missed, watermark = window(spec(unit)), Counter[Any](), 0, -(10**18)
    for time, key in frame.select(pl.col(TIME).to_physical(), "k").rows():
        if label(time, unit, "Europe/Berlin") < label(max(watermark, 0), unit, "Europe/Berlin"):
            missed += 1
        else:
            counts[label(time, unit, "Europe/Berlin"), key] += 1
        watermark = max(watermark, time - lateness * HOUR)
    whole, restarted = driver(node), driver(node)
    out = feed(whole, frame, lateness=lateness * HOUR)
    arrivals = Arrivals(lateness * HOUR)
    for piece in cut(frame, sizes):
        restarted.give(arrivals.take(piece))
        restarted.restart()
        restarted.advance(arrivals.watermark)

    assert {(label(t - 1, unit, "Europe/Berlin"), k): v[0] for (t, k), v in said(out).items()} == counts
    assert restarted.finish().equals(out)
    assert whole.operator.statistics()["late"] == restarted.operator.statistics()["late"] == missed


@settings(max_examples=30, deadline=None)
@given(FRAMES, st.sampled_from(["hour", "day"]), SIZES, st.integers(1, 3))
def test_partial_and_final_are_whole(frame: pl.DataFrame, unit: CalendarUnit, sizes: list[int], instances: int) -> None:
    """Also where windows without rows are filled."""
    expected = feed(driver(window(spec(unit), fill=True, retain=1000 * HOUR)), frame, lateness=1000 * HOUR)
    final = driver(window(spec(unit), "final", fill=True, retain=1000 * HOUR))
    for n in range(instances):
        partial = driver(window(spec(unit), "partial", retain=1000 * HOUR))
        feed(partial, frame.filter(pl.col("_id") % instances == n), sizes=sizes, lateness=1000 * HOUR)
        final.give(Batch(f) for f in partial.out)

    assert final.finish().equals(expected)


def test_days_without_rows_are_filled_one_by_one() -> None:
    """One row a day, the one of 25 hours included; `same` fills by the calendar, too."""
    out = feed(driver(window(spec("day"), fill=True, retain=1000 * HOUR)), rows_of([0, 100], ["a", "a"]))
    days = out.with_columns(pl.col(TIME, WINDOW_START).to_physical())

    assert days["n"].to_list() == [1, 0, 0, 0, 0, 1]
    assert [(t + 1 - s) // HOUR for t, s in days.select(TIME, WINDOW_START).rows()] == [24, 24, 25, 24, 24, 24]
    same = msgspec.structs.replace(spec("day"), kind="same")
    target = driver(window(same, fill=True, retain=1000 * HOUR))
    ends = out.filter(pl.col("n") > 0)
    target.give([Batch(ends.with_columns(x=pl.lit(1.0), s=pl.lit("p")))])
    assert target.finish().select(TIME, "n").rows() == out.select(TIME, "n").rows()
