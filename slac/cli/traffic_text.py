"""What crosses the links of a plan, for people."""

from __future__ import annotations

from collections.abc import Sequence

from slac.shedding.capacity.traffic import Traffic

_UNITS = ("B/s", "kB/s", "MB/s", "GB/s")
_STEP = 1000


def traffic_text(links: Sequence[Traffic]) -> str:
    """A section of `slac compile`; empty where nothing crosses a link."""
    if not links:
        return ""
    lines = [f"  {one.stream} from {one.origin} to {one.to}: {_rate(one.bytes)}{_saved(one)}" for one in links]
    return "\n".join(["predicted traffic at the declared rates, of one instance", *lines, ""])


def _saved(one: Traffic) -> str:
    if one.whole <= one.bytes:
        return ""
    return f", instead of {_rate(one.whole)} for the rows that it is made of"


def _rate(bytes_a_second: float) -> str:
    value, unit = bytes_a_second, 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.3g} {_UNITS[unit]}"
