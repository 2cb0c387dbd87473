"""Time zones by their names in the tz database, for windows of the calendar and for schedules alike."""

import re
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from slac.diagnostics import suggest

_ZONE: Final = re.compile(r"UTC|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+")


def parse_zone(text: str) -> str:
    """The name of a time zone as it is. Raises ValueError with a sentence."""
    try:
        known = _ZONE.fullmatch(text) is not None and bool(ZoneInfo(text).key)
    except (LookupError, ValueError, OSError):
        known = False
    if not known:
        hint = suggest(text, sorted(z for z in available_timezones() if _ZONE.fullmatch(z)))
        raise ValueError(f'"{text}" is no time zone: write one like Europe/Berlin or UTC{f"; {hint}" if hint else ""}')
    return text
