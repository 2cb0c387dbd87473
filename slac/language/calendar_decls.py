"""What a document says of its calendars. Durations and instants are µs, days count from 1970-01-01."""

from __future__ import annotations

from dataclasses import dataclass

from slac.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryDecl:
    """The public holidays of a country, or of a part of it."""

    country: str
    subdivision: str | None
    span: Span
    subdivision_span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedDecl:
    """Maintenance at the times of a cron expression, for `length_us` each."""

    cron: str
    length_us: int
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDecl:
    """A calendar; `hours` are by day, Monday first, and None where it is open around the clock."""

    name: str
    zone: str
    hours: tuple[tuple[tuple[int, int], ...], ...] | None
    holidays: tuple[int, ...]
    countries: tuple[CountryDecl, ...]
    maintenance: tuple[tuple[int, int], ...]
    repeated: tuple[RepeatedDecl, ...]
    span: Span
    path: str = ""
