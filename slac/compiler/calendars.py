"""A calendar of a document becomes data: its rules, and every public holiday of its countries as a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from slac.diagnostics import Diagnostic, Severity, listed, suggest
from slac.language.calendar_decls import CalendarDecl, CountryDecl
from slac.plan.calendars import CalendarSpec, Repeated, ServiceTime

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2099
"""The public holidays of these years stand in the plan."""
LOOKED_AT: Final = (2024, 2031)
"""The years by which it is judged what a calendar does; a leap year and every weekday of a date are among them."""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


def spec_of(calendar: CalendarDecl) -> tuple[CalendarSpec | None, list[Diagnostic]]:
    """The calendar as the plan has it, and what is wrong with it."""
    found = [d for c in calendar.countries for d in _unknown(c)]
    if found:
        return None, found
    days = {*calendar.holidays, *(d for c in calendar.countries for d in _public(c))}
    repeated = tuple(Repeated(cron=r.cron, length=r.length_us) for r in calendar.repeated)
    rules = CalendarSpec(
        name=calendar.name, zone=calendar.zone, hours=calendar.hours, holidays=tuple(sorted(days)), repeated=repeated
    )
    # Maintenance that comes once closes no calendar for ever.
    if longest_pause(rules) is None:
        found.append(_never_open(calendar))
    spec = CalendarSpec(
        name=rules.name,
        zone=rules.zone,
        hours=rules.hours,
        holidays=rules.holidays,
        excluded=tuple(sorted(calendar.maintenance)),
        repeated=rules.repeated,
    )
    return spec, found


def longest_pause(spec: CalendarSpec) -> int | None:
    """How long (µs) a service is closed at most; None where it never opens."""
    return ServiceTime(spec).longest_pause(*LOOKED_AT)


def longest_stretch(spec: CalendarSpec, duration: int) -> int:
    """How long (µs) it takes at most until so much service has passed."""
    return ServiceTime(spec).longest_stretch(duration, *LOOKED_AT)


def _public(country: CountryDecl) -> Iterator[int]:
    # A tenth of a second, which only documents with public holidays pay.
    from holidays import country_holidays

    years = range(FIRST_YEAR, LAST_YEAR + 1)
    for day in country_holidays(country.country, subdiv=country.subdivision, years=years):
        yield day.toordinal() - _EPOCH_DAY


def _unknown(country: CountryDecl) -> Iterator[Diagnostic]:
    from holidays import list_supported_countries

    known = list_supported_countries()
    if country.country not in known:
        yield Diagnostic(
            code="calendars/unknown-country",
            summary=f'the public holidays of "{country.country}" are not known',
            span=country.span,
            path=country.path,
            suggestion=suggest(country.country.upper(), sorted(known)),
            details="a country has a code of two letters (ISO 3166), like DE, FR or US",
        )
    elif country.subdivision is not None and country.subdivision not in known[country.country]:
        parts = known[country.country]
        yield Diagnostic(
            code="calendars/unknown-country",
            summary=f'"{country.subdivision}" is no part of {country.country} with holidays of its own',
            span=country.subdivision_span,
            path=country.path,
            suggestion=suggest(country.subdivision.upper(), parts),
            details=f"there are: {listed(parts, limit=60)}" if parts else "it has none: leave `subdivision` out",
        )


def _never_open(calendar: CalendarDecl) -> Diagnostic:
    return Diagnostic(
        code="calendars/never-open",
        severity=Severity.ERROR,
        summary=f'the calendar "{calendar.name}" is never open',
        span=calendar.span,
        path=calendar.path,
        details="no hours are left: see its `hours`, and what `maintenance` takes away",
    )
