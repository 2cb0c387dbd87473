"""Times of the clock as people write them: `08:00 Europe/Berlin`, or a cron expression with a time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from cronsim import CronSim, CronSimError

from slac.language.zones import parse_zone

_SOME_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DAILY: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?: +(\S+))?")


class ScheduleText(NamedTuple):
    """A cron expression of five fields and the time zone in which it is read."""

    cron: str
    zone: str


def parse_daily(text: str) -> ScheduleText:
    """`08:00 Europe/Berlin`: every day at this time. Raises ValueError with a sentence."""
    found = _DAILY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a time of day: write it like "08:00 Europe/Berlin"')
    hour, minute, zone = int(found[1]), int(found[2]), found[3]
    if hour > 23 or minute > 59:
        raise ValueError(f"there is no time of day {found[1]}:{found[2]}: the last one is 23:59")
    if zone is None:
        raise ValueError(f'"{text}" needs its time zone: write it like "{found[1]}:{found[2]} Europe/Berlin", or UTC')
    return ScheduleText(f"{minute} {hour} * * *", parse_zone(zone))


def parse_cron(text: str) -> str:
    """A cron expression of five fields as it is. Raises ValueError with a sentence."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(
            f'"{text}" has {len(fields)} fields, and a cron expression has five: minute, hour, day of the month, '
            'month, day of the week, like "0 8 * * 1-5"'
        )
    try:
        next(CronSim(" ".join(fields), _SOME_DAY))
    except CronSimError as error:
        raise ValueError(f'"{text}" is no cron expression: {str(error).lower()}') from None
    except StopIteration:
        raise ValueError(f'"{text}" never comes: there is no such day') from None
    return " ".join(fields)
