"""Lengths of time as people write them: `10m`, `1h30m`, `500ms`, `7d`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from slac.language.doubts import doubt

UNITS: Final = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
"""Microseconds of each unit, the largest first."""

_LONGEST_US: Final = 36_500 * UNITS["d"]
_PART = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?)(d|h|ms|m|us|s)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_EXAMPLE = "write it like 10m, 1h30m or 500ms (units: d, h, m, s, ms, us)"


def parse_duration(text: str) -> int:
    """Microseconds. Raises ValueError for a bare number, an unknown unit, a wrong order, or parts of a microsecond."""
    cleaned = text.strip()
    if not _WHOLE.fullmatch(cleaned):
        raise ValueError(doubt(cleaned) or f'"{cleaned}" is not a duration: {_EXAMPLE}')
    parts = _PART.findall(cleaned)
    order = [list(UNITS).index(unit) for _, unit in parts]
    if order != sorted(set(order)):
        raise ValueError(f'"{cleaned}" is not a duration: each unit stands once, the largest first, like 1h30m')
    total = sum(Decimal(count) * UNITS[unit] for count, unit in parts)
    if total != int(total):
        raise ValueError(f'"{cleaned}" is finer than a microsecond, which is the smallest step of time')
    if total > _LONGEST_US:
        raise ValueError(f'"{cleaned}" is longer than 100 years (36500d)')
    return int(total)


def format_duration(microseconds: int) -> str:
    """The shortest way to write a duration: 5400000000 is `1h30m`."""
    if microseconds == 0:
        return "0s"
    rest, parts = abs(microseconds), []
    for unit, size in UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if microseconds < 0 else "") + "".join(parts)
