"""Texts of a calendar: days of the week, hours of a day, dates, and moments of the clock."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from slac.diagnostics import suggest

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE: Final = 60_000_000
_DAY: Final = 24 * 60 * _MINUTE
_HOURS: Final = re.compile(r"([0-9]{1,2}):([0-9]{2}) *- *([0-9]{1,2}):([0-9]{2})")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_SECOND: Final = timedelta(seconds=1)


def parse_days(text: str) -> tuple[int, ...]:
    """`fri` or `mon-thu`: the places of the days, Monday is 0. Raises ValueError with a sentence."""
    first, dash, last = (part.strip().lower() for part in text.partition("-"))
    begin, end = _day(first), _day(last) if dash else _day(first)
    return tuple((begin + i) % 7 for i in range((end - begin) % 7 + 1))


def _day(text: str) -> int:
    if text not in DAYS:
        hint = suggest(text, DAYS)
        raise ValueError(f'"{text}" is no day: write mon, tue, … sun, or mon-fri{f"; {hint}" if hint else ""}')
    return DAYS.index(text)


def parse_hours(text: str) -> tuple[int, int]:
    """`08:00-18:00`: µs from midnight; an end that is not behind the start is of the next day. Raises ValueError."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is no stretch of hours: write it like "08:00-18:00"')
    numbers = [int(n) for n in found.groups()]
    start, end = (_clock(numbers[i], numbers[i + 1]) for i in (0, 2))
    if start == _DAY:
        raise ValueError('hours begin before 24:00: write "00:00" of the next day')
    if start == end:
        raise ValueError(f'"{text}" is empty: a whole day is "00:00-24:00"')
    return start, end if end > start else end + _DAY


def _clock(hour: int, minute: int) -> int:
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"there is no time of day {hour:02}:{minute:02}: the last one is 24:00")
    return (hour * 60 + minute) * _MINUTE


def parse_day(text: str) -> int:
    """`2026-12-25`: days since 1970-01-01. Raises ValueError with a sentence."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date().toordinal() - _EPOCH_DAY  # noqa: DTZ007 - a day
    except ValueError:
        raise ValueError(f'"{text}" is no date: write it like "2026-12-25"') from None


def parse_moment(text: str) -> datetime:
    """`2026-11-22 02:00`, by the clock of the calendar's zone, or with an offset. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip() if _MOMENT.match(text.strip()) else "")
    except ValueError:
        raise ValueError(
            f'"{text}" is no date and time: write it like "2026-11-22 02:00", or with Z or +01:00'
        ) from None
    if not 3 <= moment.year <= 9990:
        raise ValueError(f'"{text}" is outside of the calendar')
    return moment


def instant(moment: datetime, zone: str) -> int:
    """The instant (µs) of a moment; where the clock of the zone skips it the one behind the gap, else the first."""
    if moment.tzinfo is not None:
        return _micros(moment)
    local = ZoneInfo(zone)
    first = moment.replace(tzinfo=local).astimezone(UTC)
    if first.astimezone(local).replace(tzinfo=None) == moment:
        return _micros(first)
    before, behind = moment.replace(tzinfo=local, fold=1).astimezone(UTC), first
    ahead = behind.astimezone(local).utcoffset()
    while behind - before > _SECOND:
        middle = before + (behind - before) // (2 * _SECOND) * _SECOND
        before, behind = (before, middle) if middle.astimezone(local).utcoffset() == ahead else (middle, behind)
    return _micros(behind)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
