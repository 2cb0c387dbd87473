"""Instants as a test writes them: `12s` from its start, or RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from slac.language.durations import parse_duration

DEFAULT_START: Final = "2024-01-01T00:00:00Z"
"""Where the clock of a test stands in the beginning: a midnight, so that windows are aligned to it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_start(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 text; ValueError where it is none, or has no offset."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f'"{text}" is not an instant: write it like {DEFAULT_START}') from None
    if instant.tzinfo is None:
        raise ValueError(f'"{text}" does not say its offset from UTC: write it like {DEFAULT_START}')
    return (instant - _EPOCH) // timedelta(microseconds=1)


def parse_at(text: str, start: int) -> int:
    """Microseconds since the epoch of `12s`, `-5s` or an RFC 3339 text; ValueError where it is neither."""
    cleaned = text.strip()
    if "T" in cleaned and "-" in cleaned[1:]:
        return parse_start(cleaned)
    if cleaned in {"0", "0s"}:
        return start
    if cleaned.startswith("-"):
        return start - parse_duration(cleaned[1:])
    return start + parse_duration(cleaned)
