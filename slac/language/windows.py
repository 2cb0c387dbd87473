"""The text of a window: `tumbling 10m`, `hopping 60s every 10s`, `calendar day in Europe/Berlin`, `running`, `same`."""

import re
from typing import Final, Literal, NamedTuple, cast, get_args

from slac.language.durations import UNITS, format_duration, parse_duration
from slac.language.zones import parse_zone

WindowKind = Literal["tumbling", "hopping", "calendar", "session", "sliding", "running", "same"]
CalendarUnit = Literal["hour", "day", "week", "month", "quarter", "year"]

_KINDS = "tumbling 10m, hopping 60s every 10s, calendar day in UTC, session 30m, sliding 60s, running, or same"
_HOUR: Final = UNITS["h"]
# A day on which clocks go back has 25 hours, and so has what holds one; a year also holds one on which they go forward.
_LONGEST: Final[dict[CalendarUnit, int]] = {
    "hour": _HOUR,
    "day": 25 * _HOUR,
    "week": (7 * 24 + 1) * _HOUR,
    "month": (31 * 24 + 1) * _HOUR,
    "quarter": (92 * 24 + 1) * _HOUR,
    "year": 366 * 24 * _HOUR,
}


class WindowText(NamedTuple):
    """What a window's text says; sizes in microseconds, 0 where the kind has none.

    Of a `calendar` window they are the longest that one can be; of a `session` the size is the gap that ends it.
    """

    kind: WindowKind
    size_us: int = 0
    every_us: int = 0
    unit: CalendarUnit | None = None
    zone: str = ""


def parse_window(text: str) -> WindowText:
    """Kind, size and step. Raises ValueError for what is no window."""
    match text.split():
        case ["same" | "running" as alone]:
            return WindowText(cast("WindowKind", alone))
        case ["tumbling", size]:
            length = _length(size)
            return WindowText("tumbling", length, length)
        case ["sliding" | "session" as kind, size]:
            return WindowText(cast("WindowKind", kind), _length(size))
        case ["hopping", size, "every", every]:
            return _hopping(_length(size), _length(every))
        case ["hopping", size]:
            raise ValueError(f'a hopping window needs its step: write "hopping {size} every …"')
        case ["calendar", unit, "in", zone]:
            return _calendar(unit, zone)
        case ["calendar", *unit]:
            said = unit[0] if unit else "day"
            raise ValueError(f'a calendar window needs its time zone: write "calendar {said} in UTC", or Europe/Berlin')
    if re.match(r"\s*[0-9]", text):
        raise ValueError(f'"{text.strip()}" does not say its kind: write "tumbling {text.strip()}" (or {_KINDS})')
    raise ValueError(f'"{text.strip()}" is not a window: write it like {_KINDS}')


def _length(text: str) -> int:
    length = parse_duration(text)
    if length <= 0:
        raise ValueError("a window is longer than zero")
    return length


def _hopping(size: int, every: int) -> WindowText:
    if every > size:
        raise ValueError(
            f"a step of {format_duration(every)} is longer than the window of {format_duration(size)}, "
            "so that events would fall between windows"
        )
    return WindowText("hopping", size, every)


def _calendar(unit: str, zone: str) -> WindowText:
    if unit not in get_args(CalendarUnit):
        raise ValueError(f'"{unit}" is no unit of the calendar: there are {", ".join(get_args(CalendarUnit))}')
    parse_zone(zone)
    known = cast("CalendarUnit", unit)
    return WindowText("calendar", _LONGEST[known], _LONGEST[known], known, zone)
