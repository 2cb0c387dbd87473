"""Time zones on a machine that has none of its own: they come with the package."""

import os
import subprocess
import sys

PROGRAM = """
import zoneinfo
from datetime import UTC, datetime
import numpy as np
import polars as pl
from slac.language.schedules import parse_daily
from slac.language.zones import parse_zone
from slac.plan.calendars import CalendarSpec, ServiceTime
from slac.plan.guards import Schedule
from slac.plan.nodes import WindowSpec
from slac.runtime.audits.timetable import Timetable
from slac.runtime.operators.window_grids import grid_of

assert zoneinfo.TZPATH == (), zoneinfo.TZPATH
said = parse_daily("08:00 Europe/Berlin")
assert parse_zone("Australia/Lord_Howe")
hour, summer = 3_600_000_000, int(datetime(2026, 7, 1, tzinfo=UTC).timestamp()) * 1_000_000
service = ServiceTime(CalendarSpec(name="c", zone=said.zone, hours=(((8 * hour, 9 * hour),),) * 7))
print(service.next_change(summer) - summer)
print(int(Timetable([Schedule(cron=said.cron, zone=said.zone)]).from_(np.array([summer]))[0]) - summer)
day = WindowSpec(kind="calendar", size=25 * hour, every=25 * hour, unit="day", zone=said.zone)
print(grid_of(day).end_after(summer) - summer)
"""
HOUR = 3_600_000_000


def test_zones_need_nothing_of_the_machine() -> None:
    """Calendars, schedules and windows of the calendar know the summer of Berlin without files of the system."""
    environment = {**os.environ, "PYTHONTZPATH": ""}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [int(line) for line in done.stdout.split()] == [6 * HOUR, 6 * HOUR, 22 * HOUR]
