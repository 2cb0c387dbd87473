"""A calendar in words, for people to compare."""

from __future__ import annotations

import msgspec
import xxhash

from slac.plan.calendars.spec import CalendarSpec


def calendar_text(spec: CalendarSpec | None) -> str:
    """Its name, with a mark that changes when what it says does; empty where there is none."""
    return "" if spec is None else f"{spec.name} ({xxhash.xxh3_64_hexdigest(msgspec.json.encode(spec))[:6]})"
