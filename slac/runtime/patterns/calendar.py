"""Instants: a length of time later, the next one of `timer:at`, the next one of a schedule's grid. All in µs, UTC."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from slac.language.patterns.tree import At, AtField, Length, Schedule
from slac.runtime.patterns.bindings import Bindings, Meaning

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FARTHEST_DAYS: Final = 366 * 28
"""After so many days every combination of weekday and leap day has been."""
_NEGLIGIBLE: Final = timedelta(microseconds=1)


def after(start: int, length: Length, meaning: Meaning, bindings: Bindings) -> int | None:
    """The instant `length` after `start`; None where an expression gives none."""
    if length.given is not None:
        value = meaning.value(length.given, bindings)
        return None if value is None else start + int(value)
    return _plus(start, length)


def grid_after(schedule: Schedule, began: int, now: int) -> int | None:
    """The first instant of a schedule strictly after `now`, for one that began at `began`; None behind its last."""
    first = schedule.date if schedule.date is not None else _plus(began, schedule.period or Length())
    period, last = schedule.period, schedule.repetitions
    if period is None:
        return first if first > now else None
    step = 0
    if not period.months and now >= first:
        step = (now - first) // period.us + 1
    while (due := _multiple(first, period, step)) <= now:
        step += 1
    return due if last is None or step < last else None


def next_at(at: At, start: int) -> int | None:
    """The next instant that `timer:at` admits, strictly after `start`; None where there is none in 28 years.

    A local time that a change of clocks skips counts as far behind the change as it lies in the gap; one that comes
    twice counts the first time.
    """
    zone = ZoneInfo(at.zone)
    local = _local(start, zone)
    admitted = _admitted_times(at)
    for ahead in range(_FARTHEST_DAYS):
        day = local.date() + timedelta(days=ahead)
        floor = local.time() if ahead == 0 else None
        while _admits(at, day) and (found := _time_after(admitted, floor, earliest=_is_special(at))) is not None:
            due = max(_instant(datetime.combine(day, found, tzinfo=zone).replace(fold=fold)) for fold in (0, 1))
            first = _instant(datetime.combine(day, found, tzinfo=zone))
            if first > start or (due > start and ahead == 0):
                return first if first > start else due
            floor = found
    return None


def _time_after(admitted: Sequence[Sequence[int]], floor: time | None, *, earliest: bool) -> time | None:
    """The first admitted time of day behind `floor` (None: of the whole day); with `earliest` there is only one."""
    if floor is None or earliest:
        first = _as_time([values[0] for values in admitted])
        return first if floor is None or first > floor else None
    parts = [floor.hour, floor.minute, floor.second, floor.microsecond // 1_000, floor.microsecond % 1_000]
    for place in reversed(range(len(parts))):
        if not all(parts[n] in admitted[n] for n in range(place)):
            continue
        more = next((v for v in admitted[place] if v > parts[place]), None)
        if more is not None:
            return _as_time([*parts[:place], more, *(values[0] for values in admitted[place + 1 :])])
    return None


def _as_time(parts: Sequence[int]) -> time:
    hour, minute, second, milli, micro = parts
    return time(hour, minute, second, milli * 1_000 + micro)


def _plus(start: int, length: Length) -> int:
    if not length.months:
        return start + length.us
    at = _EPOCH + timedelta(microseconds=start)
    month = at.month - 1 + length.months
    year, month = at.year + month // 12, month % 12 + 1
    day = min(at.day, calendar.monthrange(year, month)[1])
    return (at.replace(year=year, month=month, day=day) - _EPOCH) // _NEGLIGIBLE + length.us


def _multiple(first: int, period: Length, count: int) -> int:
    return _plus(first, Length(months=period.months * count, us=period.us * count))


def _local(instant: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).replace(tzinfo=None)


def _instant(local: datetime) -> int:
    return (local.astimezone(UTC) - _EPOCH) // _NEGLIGIBLE


def _is_special(at: At) -> bool:
    return at.day.special is not None or at.weekday.special is not None


def _admits(at: At, day: date) -> bool:
    return (
        _fits(at.month, day.month)
        and (_special_day(at.day, day) if at.day.special else _fits(at.day, day.day))
        and (_special_day(at.weekday, day) if at.weekday.special else _fits(at.weekday, _weekday(day)))
    )


def _weekday(day: date) -> int:
    """Sunday is 0."""
    return (day.weekday() + 1) % 7


def _fits(field: AtField, value: int) -> bool:
    if not field.values and not field.ranges and field.every is None:
        return True
    return (
        value in field.values
        or any(a <= value <= b for a, b in field.ranges)
        or (field.every is not None and value % field.every == 0)
    )


def _special_day(field: AtField, day: date) -> bool:
    last = date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])
    match field.special, field.values:
        case "last", ():
            return day == last
        case "last", (weekday, *_):
            return _weekday(day) == weekday and day + timedelta(days=7) > last
        case "lastweekday", _:
            return day == next(d for d in _backwards(last) if d.weekday() < 5)
        case "weekday", (wanted, *_):
            return day == _nearest_weekday(day.replace(day=min(wanted, last.day)), last)
        case _:
            return False


def _backwards(day: date) -> Iterator[date]:
    return (day - timedelta(days=n) for n in range(7))


def _nearest_weekday(day: date, last: date) -> date:
    """The nearest Monday to Friday within the month."""
    match day.weekday():
        case 5:
            return day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
        case 6:
            return day + timedelta(days=1) if day < last else day - timedelta(days=2)
        case _:
            return day


def _admitted_times(at: At) -> tuple[list[int], ...]:
    """Hours, minutes, seconds, milliseconds and microseconds, each in order."""
    fields = ((at.hour, 24), (at.minute, 60), (at.second, 60), (at.millisecond, 1_000), (at.microsecond, 1_000))
    return tuple(_admitted(field, size) for field, size in fields)


def _admitted(field: AtField, size: int) -> list[int]:
    return [n for n in range(size) if _fits(field, n)]
