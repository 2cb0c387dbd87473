"""Texts that look like a length of time, and what they may have meant: `5M`, `PT5M`, `1mo`, `5 minutes`, `5`."""

from __future__ import annotations

import re
from typing import Final

_BARE: Final = re.compile(r"[-+]?[0-9.]+")
_ISO: Final = re.compile(
    r"P(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)S)?)?",
    re.IGNORECASE,
)
_ONE: Final = re.compile(r"(?P<count>[-+]?[0-9]{0,9}(?:\.[0-9]{1,6})?)\s*(?P<unit>[A-Za-zµμ]+)\.?")
_CALENDAR: Final = {
    **dict.fromkeys(("mo", "mon", "mth", "month", "months"), ("month", 30)),
    **dict.fromkeys(("quarter", "quarters"), ("quarter", 91)),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), ("year", 365)),
}
_SPELT: Final = {
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds"), "us"),
}
_UNITS: Final = ("d", "h", "m", "s", "ms", "us")
_DAYS_OF_WEEK: Final = 7
_SMALLEST: Final = "the smallest step of time is a microsecond (1us)"


def doubt(text: str) -> str:
    """A sentence on what the text may have meant and how that is written; empty where it is like no length of time."""
    if _BARE.fullmatch(text):
        bare = text.lstrip("+-") or "0"
        return (
            f'"{text}" has no unit: {bare} seconds are written {bare}s; '
            "write it like 10m, 1h30m or 500ms (units: d, h, m, s, ms, us)"
        )
    iso = _ISO.fullmatch(text)
    if iso is not None or text.upper() == "PT":
        return _of_iso(text, iso.groups() if iso is not None else ())
    one = _ONE.fullmatch(text)
    return _of_one(text, one["count"], one["unit"]) if one is not None else ""


def _of_iso(text: str, parts: tuple[str | None, ...]) -> str:
    if not any(parts):
        return f'"{text}" is the beginning of an ISO 8601 duration, which slac does not take: 5 minutes are written 5m'
    years, months, weeks, days, hours, minutes, seconds = parts
    if years or months:
        return f'"{text}" is ISO 8601, and its years and months have no fixed length: write days (30d, 365d)'
    whole = int(weeks or 0) * _DAYS_OF_WEEK + int(days or 0)
    counts = (str(whole) if whole else None, hours, minutes, seconds)
    written = "".join(f"{c}{u}" for c, u in zip(counts, _UNITS, strict=False) if c) or "0s"
    return f'"{text}" is an ISO 8601 duration: here it is written {written}'


def _of_one(text: str, count: str, unit: str) -> str:
    count = count if any(c.isdigit() for c in count) else ""
    number = count or "1"
    lower = unit.lower()
    if unit == "M":
        return f'"{text}" may mean minutes or months: minutes are written {number}m, and months as days (30d)'
    if lower in _CALENDAR:
        named, days = _CALENDAR[lower]
        return (
            f'"{text}" has no fixed length: write days ({days}d), '
            f"or, as a window, `calendar {named} in Europe/Berlin`; {number}m would be minutes"
        )
    if lower in {"w", "wk", "wks", "week", "weeks"}:
        in_days = f"{abs(float(number)) * _DAYS_OF_WEEK:.15g}"
        return f'"{text}" is in weeks, which are no unit here: write days ({in_days}d)'
    if lower in {"ns", "nanos", "nanosecond", "nanoseconds"}:
        return f'"{text}" is in nanoseconds: {_SMALLEST}'
    short = _SPELT.get(lower) or (lower if lower in _UNITS else None)
    if short is None:
        return ""
    if not count:
        return f'"{text}" has no number: write it like 1{short} or 10{short}'
    if number.startswith(("-", "+")):
        return f'"{text}" is not a duration, which has no sign: write {number[1:]}{short}'
    return f'"{text}" is not a duration: write {number}{short}'
