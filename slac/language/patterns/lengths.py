"""Lengths of time in a pattern: ours (`10m`, `1h30m`) and Esper's (`1 min 2 sec`, `1 month`; a number: seconds)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from slac.diagnostics import suggest
from slac.language.durations import format_duration, parse_duration
from slac.language.patterns.tree import Length

_WORDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("week", "weeks"), 604_800_000_000),
        **dict.fromkeys(("day", "days"), 86_400_000_000),
        **dict.fromkeys(("hour", "hours"), 3_600_000_000),
        **dict.fromkeys(("min", "minute", "minutes"), 60_000_000),
        **dict.fromkeys(("sec", "second", "seconds"), 1_000_000),
        **dict.fromkeys(("msec", "millisecond", "milliseconds"), 1_000),
        **dict.fromkeys(("usec", "microsecond", "microseconds"), 1),
    }
)
_MONTHS: Final[Mapping[str, int]] = MappingProxyType(
    {**dict.fromkeys(("year", "years"), 12), **dict.fromkeys(("month", "months"), 1)}
)
_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
_WORDED = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)\s*")
_PLAIN = re.compile(_NUMBER)
_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def looks_like_length(text: str) -> bool:
    """Whether a text is meant as a constant length: it begins with a digit."""
    return text[:1].isdigit() or text[:1] == "."


def parse_length(text: str) -> Length:
    """A constant length; ValueError, with words for a user, where it is none."""
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return _length(0, Decimal(text) * 1_000_000, text)
    parts = _WORDED.findall(text)
    if _WORDED.sub("", text) or not parts:
        raise ValueError(f'"{text}" is not a length of time: write it like 10m, 1h30m or 2 sec')
    if all(unit in _WORDS or unit in _MONTHS for _, unit in parts):
        months = sum((Decimal(n) * _MONTHS[u] for n, u in parts if u in _MONTHS), Decimal(0))
        us = sum((Decimal(n) * _WORDS[u] for n, u in parts if u in _WORDS), Decimal(0))
        return _length(months, us, text)
    strange = [u for _, u in parts if len(u) > 2 and u not in _WORDS and u not in _MONTHS]
    if strange:
        raise ValueError(f'"{strange[0]}" is no unit of time; {suggest(strange[0], [*_WORDS, *_MONTHS]) or "write s"}')
    return Length(us=parse_duration(re.sub(r"\s+", "", text)))


def parse_iso_length(text: str) -> Length:
    """An ISO 8601 period (`P1M`, `PT2S`); ValueError where it is none."""
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f'"{text}" is not a period: write it like P1D or PT2S')
    years, months, weeks, days, hours, minutes = (int(g or 0) for g in found.groups()[:6])
    seconds = Decimal(found.group(7) or 0) + 60 * minutes + 3600 * hours + 86_400 * (days + 7 * weeks)
    return _length(Decimal(12 * years + months), seconds * 1_000_000, text)


def length_text(length: Length) -> str:
    """A length as a pattern writes it."""
    if length.given is not None:
        return length.given.sql
    months = f"{length.months} month{'s' if length.months != 1 else ''}"
    if not length.months:
        return format_duration(length.us)
    return f"{months} {length.us} usec" if length.us else months


def _length(months: Decimal | int, us: Decimal, text: str) -> Length:
    if months != int(months):
        raise ValueError(f'"{text}" has parts of a month, which has no fixed length')
    if us != int(us):
        raise ValueError(f'"{text}" is finer than a microsecond, which is the smallest step of time')
    return Length(months=int(months), us=int(us))
