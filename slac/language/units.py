"""The units that the JSON Schema names with `x-unit`, each with its parser."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from slac.language.durations import parse_duration
from slac.language.hours import parse_day, parse_hours, parse_moment
from slac.language.lasting import parse_lasting
from slac.language.rates import parse_burst, parse_rate
from slac.language.schedules import parse_cron, parse_daily
from slac.language.sizes import parse_bandwidth, parse_cpu, parse_memory, parse_percentage, parse_size
from slac.language.windows import parse_window
from slac.language.zones import parse_zone

PARSERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "bandwidth": parse_bandwidth,
        "burst": parse_burst,
        "cpu": parse_cpu,
        "cron expression": parse_cron,
        "date": parse_day,
        "duration": parse_duration,
        "hours": parse_hours,
        "length": parse_lasting,
        "memory": parse_memory,
        "moment": parse_moment,
        "percentage": parse_percentage,
        "rate": parse_rate,
        "size": parse_size,
        "time of day": parse_daily,
        "time zone": parse_zone,
        "window": parse_window,
    }
)


def complaint(unit: str, text: str) -> str:
    """What the unit's parser says about `text`; a plain sentence where it has nothing against the text itself."""
    try:
        PARSERS[unit](text)
    except ValueError as error:
        return str(error)
    return f"a {unit} is written as text, not as {text}"
