"""Calendars: hours by day, holidays, and maintenance."""

from __future__ import annotations

from slac.language.calendar_decls import CalendarDecl, CountryDecl, RepeatedDecl
from slac.language.hours import DAYS, instant, parse_day, parse_days, parse_hours, parse_moment
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import duration, inner_span, unit
from slac.language.schedules import parse_cron
from slac.language.yaml.nodes import Mapping
from slac.language.zones import parse_zone

_Hours = tuple[tuple[int, int], ...]


def calendar(cursor: Cursor) -> CalendarDecl | None:
    """One calendar; None where its time zone is not there, or is none."""
    zone = unit(cursor.get("zone"), parse_zone)
    hours, days = _hours(cursor.get("hours")), cursor.get("holidays")
    holidays = list(days.items()) if days is not None else []
    maintenance = cursor.get("maintenance")
    times = [t for t in (maintenance.items() if maintenance is not None else ()) if isinstance(t.node, Mapping)]
    made = CalendarDecl(
        name=cursor.name,
        zone=zone or "UTC",
        hours=hours,
        holidays=tuple(d for d in (_date(h) for h in holidays) if d is not None),
        countries=tuple(c for c in (_country(h) for h in holidays) if c is not None),
        maintenance=tuple(s for s in (_once(t, zone or "UTC") for t in times) if s is not None),
        repeated=tuple(r for r in (_repeated(t) for t in times) if r is not None),
        span=cursor.key_span,
        path=cursor.path,
    )
    return made if zone is not None else None


def _hours(cursor: Cursor | None) -> tuple[_Hours, ...] | None:
    if cursor is None:
        return None
    found: dict[int, _Hours] = {}
    for entry in cursor.entries():
        stretches = [unit(item, parse_hours) for item in entry.items()]
        for day in _days(entry):
            if day in found:
                entry.findings.add(
                    "schema/bad-value",
                    f'the hours of "{DAYS[day]}" stand here for the second time',
                    entry.steps,
                    entry.key_span,
                    suggestion='write all hours of a day in one list: ["09:00-12:00", "13:00-15:00"]',
                )
                break
            found[day] = tuple(s for s in stretches if s is not None)
    return tuple(found.get(day, ()) for day in range(7))


def _days(entry: Cursor) -> tuple[int, ...]:
    try:
        return parse_days(entry.name)
    except ValueError as error:
        entry.findings.add("language/unit", str(error), entry.steps, entry.key_span)
        return ()


def _date(cursor: Cursor) -> int | None:
    return None if isinstance(cursor.node, Mapping) else unit(cursor, parse_day)


def _country(cursor: Cursor) -> CountryDecl | None:
    country, part = cursor.get("country"), cursor.get("subdivision")
    if country is None or country.text is None:
        return None
    return CountryDecl(
        country=country.text,
        subdivision=part.text if part is not None else None,
        span=inner_span(country),
        subdivision_span=inner_span(part or country),
        path=cursor.path,
    )


def _once(cursor: Cursor, zone: str) -> tuple[int, int] | None:
    from_, to = (cursor.get(k) for k in ("from", "to"))
    start, end = unit(from_, parse_moment), unit(to, parse_moment)
    if start is None or end is None or to is None:
        return None
    stretch = instant(start, zone), instant(end, zone)
    if stretch[1] <= stretch[0]:
        to.say("schema/bad-value", "this maintenance ends before it begins", suggestion="exchange `from` and `to`")
        return None
    return stretch


def _repeated(cursor: Cursor) -> RepeatedDecl | None:
    cron = cursor.get("cron")
    said, length = unit(cron, parse_cron), duration(cursor, "for")
    if cron is None or said is None or not length:
        return None
    if not said.split()[0].isdigit():
        cron.say(
            "language/unit",
            f'"{said}" comes more than once an hour',
            details="maintenance that comes again begins at one minute of the hour, like 30 in 30 2 * * 0",
        )
        return None
    return RepeatedDecl(cron=said, length_us=length, span=cursor.key_span, path=cursor.path)
