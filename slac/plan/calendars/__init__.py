"""Named calendars: when a service is open, as data of the plan and as columns of instants."""

from slac.plan.calendars.service import NEVER, ServiceTime
from slac.plan.calendars.spec import CalendarSpec, Repeated

__all__ = ["NEVER", "CalendarSpec", "Repeated", "ServiceTime"]
