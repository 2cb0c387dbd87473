"""The service of one year, as stretches of instants.

Theory of operation: an instant is in service where the clock on the wall shows a time in the hours. So the stretches
are made by the clock, day by day; each length of time between two changes of the clock shifts them by its offset and
cuts them at its ends. An hour that the clock leaves out is not there, and one that it shows twice is there twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from cronsim import CronSim

from slac.plan.calendars.spec import CalendarSpec, Repeated

Longs: TypeAlias = npt.NDArray[np.int64]
Stretch: TypeAlias = tuple[int, int]

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
FIRST_YEAR: Final = 2
LAST_YEAR: Final = 9997
"""What lies before or behind is never in service: the calendar of the library ends there."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


def year_start(year: int) -> int:
    """The first instant (µs) of a year of UTC."""
    return (date(year, 1, 1).toordinal() - _EPOCH_DAY) * DAY


def service_of(spec: CalendarSpec, year: int) -> list[Stretch]:
    """The stretches of service in a year of UTC, ascending, apart from each other."""
    begin, end = year_start(year), year_start(year + 1)
    zone = ZoneInfo(spec.zone)
    open_ = _merged(_open(spec, zone, begin, end))
    shut = _merged([*spec.excluded, *(s for r in spec.repeated for s in _repeated(r, zone, begin, end))])
    return [s for o in open_ for s in _without(o, shut)]


def _open(spec: CalendarSpec, zone: ZoneInfo, begin: int, end: int) -> Iterator[Stretch]:
    wall = _merged(_on_the_wall(spec, begin, end))
    starts, ends = (np.array([s[i] for s in wall], np.int64) for i in (0, 1))
    for first, last, offset in _offsets(zone, begin, end):
        low, high = np.searchsorted(ends, first + offset, "right"), np.searchsorted(starts, last + offset, "left")
        for a, b in wall[low:high]:
            yield max(a - offset, first), min(b - offset, last)


def _on_the_wall(spec: CalendarSpec, begin: int, end: int) -> Iterator[Stretch]:
    """The hours of every day by its clock, whatever the zone; days around the year, for what lasts over midnight."""
    holidays = frozenset(spec.holidays)
    whole: tuple[tuple[Stretch, ...], ...] = (((0, DAY),),) * 7
    hours = whole if spec.hours is None else spec.hours
    for day in range(begin // DAY - 3, end // DAY + 3):
        if day not in holidays:
            # The epoch was a Thursday.
            yield from ((day * DAY + a, day * DAY + b) for a, b in hours[(day + 3) % 7])


def _offsets(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """What the clock is ahead of UTC (µs), with the first instant at which it is so and the first at which not."""
    first, offset = begin, _offset(zone, begin)
    for instant in range(begin + DAY, end + DAY, DAY):
        now = _offset(zone, instant)
        if now != offset:
            change = _change(zone, instant - DAY, instant, now)
            if change >= end:
                break
            yield first, change, offset
            first, offset = change, now
    yield first, end, offset


def _change(zone: ZoneInfo, before: int, behind: int, offset: int) -> int:
    """The second at which the clock is set to `offset`, somewhere in a day."""
    while behind - before > SECOND:
        middle = before + (behind - before) // (2 * SECOND) * SECOND
        before, behind = (before, middle) if _offset(zone, middle) == offset else (middle, behind)
    return behind


def _offset(zone: ZoneInfo, instant: int) -> int:
    ahead = (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // timedelta(microseconds=1)


def _repeated(repeated: Repeated, zone: ZoneInfo, begin: int, end: int) -> Iterator[Stretch]:
    # The library looks behind the second that it is given.
    start = _EPOCH + timedelta(microseconds=begin - repeated.length - SECOND)
    for moment in CronSim(repeated.cron, start.astimezone(zone)):
        at = (moment - _EPOCH) // timedelta(microseconds=1)
        if at >= end:
            return
        yield at, at + repeated.length


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for start, end in sorted(s for s in stretches if s[0] < s[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _without(stretch: Stretch, shut: list[Stretch]) -> Iterator[Stretch]:
    """What is left of a stretch; of `shut`, which may be thousands, only those that touch it are looked at."""
    start, end = stretch
    first = bisect_right(shut, start, key=itemgetter(1))
    last = bisect_left(shut, end, first, key=itemgetter(0))
    for a, b in shut[first:last]:
        if a > start:
            yield start, a
        start = b
    if start < end:
        yield start, end
