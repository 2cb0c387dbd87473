"""Time as a service counts it: only its hours, where a calendar says which they are."""

from __future__ import annotations

from slac.plan.calendars import CalendarSpec, ServiceTime
from slac.runtime.audits.course import Course, EvenCourse
from slac.runtime.audits.slots import Longs, Mask


class ServiceCourse:
    """Instants count while the service is open."""

    even = False

    def __init__(self, calendar: CalendarSpec) -> None:
        self._service = ServiceTime(calendar)

    def add(self, times: Longs, durations: Longs) -> Longs:
        """The first instants of service with these durations of it behind them; NEVER stays NEVER."""
        return self._service.add(times, durations)

    def elapsed(self, since: Longs, until: Longs) -> Longs:
        """How much service lies between instants."""
        return self._service.elapsed(since, until)

    def open(self, times: Longs) -> Mask:
        """Whether the service is open at these instants."""
        return self._service.inside(times)


def course_of(calendar: CalendarSpec | None) -> Course:
    """How time goes for what works `during` a calendar, or always."""
    return EvenCourse() if calendar is None else ServiceCourse(calendar)
