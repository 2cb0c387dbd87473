"""Service time against its definition: an instant is in service where the clock on the wall shows such a time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.calendars import NEVER, CalendarSpec, Repeated, ServiceTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
WEEKDAYS = (((8 * HOUR, 18 * HOUR),),) * 5 + ((), ())
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo")


def at(text: str, zone: str = "UTC") -> int:
    """An instant in µs."""
    return (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) - EPOCH) // timedelta(microseconds=1)


def longs(*values: int) -> np.ndarray:
    """A column of integers."""
    return np.array(values, np.int64)


def in_service(spec: CalendarSpec, instant: int) -> bool:
    """The definition, for one instant."""
    local = (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(spec.zone)).replace(tzinfo=UTC)
    wall = (local - EPOCH) // timedelta(microseconds=1)
    hours = (((0, DAY),),) * 7 if spec.hours is None else spec.hours
    days = (wall // DAY, wall // DAY - 1)
    within = any(
        day * DAY + a <= wall < day * DAY + b
        for day in days
        if day not in spec.holidays
        for a, b in hours[(day + 3) % 7]
    )
    return within and not any(a <= instant < b for a, b in spec.excluded)


STRETCH = st.tuples(st.integers(0, 23 * 4), st.integers(1, 24 * 4)).map(
    lambda s: (s[0] * 15 * MINUTE, (s[0] + s[1]) * 15 * MINUTE)
)
SPECS = st.builds(
    CalendarSpec,
    name=st.just("c"),
    zone=st.sampled_from(ZONES),
    hours=st.one_of(st.none(), st.tuples(*[st.lists(STRETCH, max_size=2).map(tuple)] * 7)),
    holidays=st.lists(st.integers(20_380, 20_400), max_size=3).map(tuple),
    excluded=st.lists(
        st.tuples(st.integers(0, 20 * 24), st.integers(1, 30)).map(
            lambda s: (20_380 * DAY + s[0] * HOUR, 20_380 * DAY + (s[0] + s[1]) * HOUR)
        ),
        max_size=2,
    ).map(tuple),
)
# Changes of the clock in one of the zones or another, new years, and days long ago.
CORNERS = (
    "2025-03-30",
    "2025-10-26",
    "2026-03-08",
    "2026-11-01",
    "2026-04-05",
    "2025-10-05",
    "2025-12-31",
    "1969-12-31",
    "1937-05-06",
    "2006-10-29",
)


@settings(max_examples=60, deadline=None)
@given(SPECS, st.sampled_from(CORNERS), st.lists(st.integers(-1500, 4000), min_size=1, max_size=40))
def test_what_is_in_service_is_what_the_clock_shows(spec: CalendarSpec, day: str, minutes: list[int]) -> None:
    """Every kind of hours, in every zone, at changes of the clock."""
    times = longs(*(at(day) + m * MINUTE for m in minutes))
    assert ServiceTime(spec).inside(times).tolist() == [in_service(spec, t) for t in times.tolist()]


@settings(max_examples=40, deadline=None)
@given(SPECS, st.sampled_from(CORNERS), st.integers(-300, 300), st.integers(0, 400))
def test_elapsed_counts_the_instants_in_service(spec: CalendarSpec, day: str, start: int, length: int) -> None:
    """Quarters of an hour one by one; all hours and changes of the clock lie on them."""
    since = at(day) + start * 15 * MINUTE
    quarters = [since + i * 15 * MINUTE for i in range(length)]
    service = ServiceTime(spec)
    expected = sum(in_service(spec, q) for q in quarters) * 15 * MINUTE
    # Kathmandu was 5:41:16 ahead before 1986 or so: there the quarters of its clock are others.
    if day >= "1990":
        assert service.elapsed(longs(since), longs(since + length * 15 * MINUTE)).tolist() == [expected]
    assert service.elapsed(longs(since), longs(since)).tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(SPECS, st.sampled_from(CORNERS), st.integers(-300, 300), st.integers(0, 5 * 24 * 60))
def test_add_is_the_first_instant_with_so_much_service_behind(
    spec: CalendarSpec, day: str, start: int, minutes: int
) -> None:
    """It is in service, what lies between is as long as said, and an instant earlier it is not, or is no service."""
    since, length = longs(at(day) + start * 17 * MINUTE), longs(minutes * MINUTE)
    service = ServiceTime(spec)
    due = service.add(since, length)
    if due[0] < NEVER:
        assert in_service(spec, int(due[0]))
        assert service.elapsed(since, due).tolist() == length.tolist()
        if minutes:
            assert service.elapsed(since, due - 1).tolist() == (length - in_service(spec, int(due[0]) - 1)).tolist()


@settings(max_examples=30, deadline=None)
@given(SPECS, st.sampled_from(CORNERS), st.integers(-300, 300))
def test_the_next_change_is_one_and_nothing_changes_before(spec: CalendarSpec, day: str, start: int) -> None:
    """Both sides of it differ, and all before is as now."""
    service, instant = ServiceTime(spec), at(day) + start * 17 * MINUTE
    change = service.next_change(instant)
    if change is not None:
        sides = service.inside(longs(instant, change - 1, change)).tolist()
        assert sides[0] == sides[1] != sides[2]
        expected = change - instant if sides[0] else 0
        assert service.elapsed(longs(instant), longs(change)).tolist() == [expected]


def test_edges_of_hours_are_half_open() -> None:
    """The first instant belongs to the hours, the last one does not."""
    service = ServiceTime(CalendarSpec(name="c", zone="Europe/Berlin", hours=WEEKDAYS))
    opens, closes = at("2026-11-20T08:00", "Europe/Berlin"), at("2026-11-20T18:00", "Europe/Berlin")
    assert service.inside(longs(opens - 1, opens, closes - 1, closes)).tolist() == [False, True, True, False]
    assert service.add(longs(closes - HOUR), longs(HOUR))[0] == at("2026-11-23T08:00", "Europe/Berlin")


def test_a_weekend_is_no_service_time() -> None:
    """An hour from Friday half past five ends on Monday half past eight."""
    service = ServiceTime(CalendarSpec(name="c", zone="UTC", hours=WEEKDAYS))
    friday = at("2026-11-20T17:30")
    assert service.add(longs(friday), longs(HOUR))[0] == at("2026-11-23T08:30")
    assert service.longest_pause(2026, 2026) == 62 * HOUR


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    """On a holiday none begins; those of the evening before go on."""
    night = (((22 * HOUR, 30 * HOUR),),) * 7
    holiday = date(2026, 12, 25).toordinal() - date(1970, 1, 1).toordinal()
    service = ServiceTime(CalendarSpec(name="c", zone="UTC", hours=night, holidays=(holiday,)))
    times = longs(*(at(t) for t in ("2026-12-25T05:59", "2026-12-25T06:00", "2026-12-25T23:00", "2026-12-26T05:00")))
    assert service.inside(times).tolist() == [True, False, False, False]


def test_maintenance_that_comes_again_is_taken_out() -> None:
    """Every Sunday at two for two hours; what began in the old year goes on in the new one."""
    spec = CalendarSpec(name="c", zone="UTC", repeated=(Repeated(cron="0 23 31 12 *", length=2 * HOUR),))
    service = ServiceTime(spec)
    times = longs(at("2026-12-31T22:59"), at("2026-12-31T23:00"), at("2027-01-01T00:59"), at("2027-01-01T01:00"))
    assert service.inside(times).tolist() == [True, False, False, True]
    assert service.next_change(int(times[1])) == int(times[3])


def test_the_end_of_a_year_is_no_change_by_itself() -> None:
    """Hours go on over it."""
    always = ServiceTime(CalendarSpec(name="c", zone="Europe/Berlin"))
    assert always.next_change(at("2026-12-31T12:00")) is None


def test_instants_outside_the_calendar_are_no_service() -> None:
    """Neither the beginning of time nor its end makes work."""
    service = ServiceTime(CalendarSpec(name="c", zone="UTC"))
    far = longs(-(1 << 62), 1 << 62)
    assert service.inside(far).tolist() == [False, False]
    assert service.add(far[1:], longs(HOUR)).tolist() == [NEVER]
