"""What a calendar is, as data: nothing of it is looked up when a runtime reads the plan but the time zone."""

from __future__ import annotations

import msgspec


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance that comes again: it begins at the times of a cron expression, and lasts `length` µs."""

    cron: str
    length: int


class CalendarSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The hours in which a service is open, by the clock of `zone`.

    `hours`: for Monday to Sunday the stretches (µs from midnight on the clock; an end behind 24 h lies in the next day)
    that begin on such a day; None: around the clock. `holidays`: days (since 1970-01-01) on which none begins.
    `excluded`: instants [from, to) (µs UTC) that are no service, and `repeated` more of them.
    """

    name: str
    zone: str
    hours: tuple[tuple[tuple[int, int], ...], ...] | None = None
    holidays: tuple[int, ...] = ()
    excluded: tuple[tuple[int, int], ...] = ()
    repeated: tuple[Repeated, ...] = ()
