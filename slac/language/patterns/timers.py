"""The arguments of `timer:at` and `timer:schedule`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slac.diagnostics import listed, suggest
from slac.language.patterns.lengths import parse_iso_length, parse_length
from slac.language.patterns.tree import At, AtField, Length, Schedule

_ANY: Final = AtField()
_ZERO: Final = AtField(values=(0,))
_FIELDS: Final[Sequence[tuple[str, int, int]]] = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 6),
    ("second", 0, 59),
    ("zone", 0, 0),
    ("millisecond", 0, 999),
    ("microsecond", 0, 999),
)
_ZONE: Final = 6
_RANGE = re.compile(r"(\d+)\s*:\s*(\d+)")
_LAST = re.compile(r"(\d+)\s+last", re.IGNORECASE)
_WEEKDAY = re.compile(r"(\d+)\s+weekday", re.IGNORECASE)
_EVERY = re.compile(r"\*\s*/\s*(\d+)")
_WORDS: Final = ("date", "period", "repetitions", "iso")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_at(arguments: Sequence[str]) -> At:
    """`timer:at` of its arguments; ValueError, with words for a user, where they are not right."""
    if not 5 <= len(arguments) <= len(_FIELDS):
        raise ValueError(
            f"timer:at takes 5 to {len(_FIELDS)} arguments, not {len(arguments)}: minute, hour, day of month, month, "
            "day of week, and perhaps second, zone, millisecond, microsecond"
        )
    given = dict(enumerate(arguments))
    minute, hour, day, month, weekday = (_field(given[n], *_FIELDS[n]) for n in range(5))
    second, milli, micro = (_field(given[n], *_FIELDS[n]) if n in given else _ZERO for n in (5, 7, 8))
    zone = _zone(given[_ZONE]) if _ZONE in given else "UTC"
    return At(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        weekday=weekday,
        second=second,
        zone=zone,
        millisecond=milli,
        microsecond=micro,
    )


def named_arguments(arguments: Sequence[str]) -> Mapping[str, str]:
    """`date: …, period: …` by name; ValueError where one has no name that is known."""
    found: dict[str, str] = {}
    for argument in arguments:
        name, colon, value = (part.strip() for part in argument.partition(":"))
        if not colon or name not in _WORDS:
            raise ValueError(
                f'timer:schedule knows {listed(_WORDS)}, not "{name}"; {suggest(name, _WORDS)}'.rstrip("; ")
            )
        found[name] = value.strip("'\"")
    return found


def parse_schedule(named: Mapping[str, str]) -> Schedule:
    """`timer:schedule` of its named arguments; ValueError where they are not right."""
    if "iso" in named:
        if len(named) > 1:
            raise ValueError("timer:schedule takes `iso` alone")
        return _iso(named["iso"])
    if not named:
        raise ValueError("timer:schedule says when: date, period, repetitions, or iso")
    repetitions = named.get("repetitions")
    if repetitions is not None and not repetitions.isdecimal():
        raise ValueError(f'"{repetitions}" is no number of repetitions')
    date = _date(named["date"]) if "date" in named else None
    period = parse_length(named["period"]) if "period" in named else None
    if period is None and date is None:
        raise ValueError("timer:schedule needs a date or a period")
    return _schedule(date, period, int(repetitions) if repetitions is not None else None)


def _iso(text: str) -> Schedule:
    parts = text.split("/")
    repetitions: int | None = None
    repeated = parts[0].startswith("R")
    if repeated:
        count = parts.pop(0)[1:]
        if count and not count.isdecimal():
            raise ValueError(f'"R{count}" is no number of repetitions')
        repetitions = int(count) if count else None
    date = _date(parts.pop(0)) if parts and not parts[0].startswith("P") else None
    period = parse_iso_length(parts.pop(0)) if parts else None
    if parts or (date is None and period is None):
        raise ValueError(f'"{text}" is no schedule: write it like R3/2024-05-01T12:00:00Z/PT2S')
    if not repeated:
        repetitions = 1
    return _schedule(date, period, repetitions)


def _schedule(date: int | None, period: Length | None, repetitions: int | None) -> Schedule:
    if repetitions == 0:
        raise ValueError("a schedule with no repetitions never comes")
    if period is not None and not period.months and not period.us:
        raise ValueError("the period of a schedule is longer than zero")
    return Schedule(date=date, period=period, repetitions=repetitions)


def _date(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is no date: write it like 2024-05-01T12:00:00Z') from None
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _zone(text: str) -> str:
    name = text.strip("'\"")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is no time zone: write it like Europe/Berlin') from None
    return name


def _field(text: str, what: str, low: int, high: int) -> AtField:
    if text == "*":
        return _ANY
    if text.startswith("[") and text.endswith("]"):
        parts = [_item(p.strip(), what, low, high) for p in text[1:-1].split(",")]
        values = tuple(v for p in parts for v in p.values)
        every = next((p.every for p in parts if p.every is not None), None)
        return AtField(values=values, ranges=tuple(r for p in parts for r in p.ranges), every=every)
    return _item(text, what, low, high)


def _item(text: str, what: str, low: int, high: int) -> AtField:
    lowered = text.lower()
    if lowered == "last" and what in ("day of month", "day of week"):
        return AtField(special="last") if what == "day of month" else AtField(values=(6,))
    if lowered == "lastweekday" and what in ("day of month", "day of week"):
        return AtField(special="lastweekday")
    for pattern, special in ((_LAST, "last"), (_WEEKDAY, "weekday")):
        found = pattern.fullmatch(text)
        if found and what in ("day of month", "day of week"):
            return AtField(values=(_within(found.group(1), what, low, high),), special=special)
    if found := _EVERY.fullmatch(text):
        every = int(found.group(1))
        if every == 0:
            raise ValueError(f"*/0 is no {what}")
        return AtField(every=every)
    if found := _RANGE.fullmatch(text):
        first, last = (_within(g, what, low, high) for g in found.groups())
        if first > last:
            raise ValueError(f"{text} is no range of {what}s: the first is the smaller")
        return AtField(ranges=((first, last),))
    return AtField(values=(_within(text, what, low, high),))


def _within(text: str, what: str, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f'"{text}" is no {what}: it is a number from {low} to {high}, *, */n, a:b or [a, b]')
    return int(text)
