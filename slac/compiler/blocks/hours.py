"""What works only while a service is open: the rows that it sees, and how long it must remember."""

from __future__ import annotations

from slac.compiler.calendars import longest_pause, longest_stretch
from slac.plan.calendars import CalendarSpec
from slac.plan.nodes import AnyNode, SelectNode


def in_hours(block: str, upstream: AnyNode, during: CalendarSpec) -> SelectNode:
    """The rows of a stream that lie in the hours of a calendar."""
    return SelectNode(
        id=f"{block}.during",
        block=block,
        node="",
        inputs=(upstream.id,),
        schema=upstream.schema,
        depth=upstream.depth + (upstream.block != block),
        windowed=upstream.windowed,
        during=during,
    )


def pause(during: CalendarSpec | None) -> int:
    """How long (µs) no row is seen at most."""
    return 0 if during is None else longest_pause(during) or 0


def longest(during: CalendarSpec | None, duration: int) -> int:
    """How long (µs) a duration lasts at most, where only the hours of a calendar count."""
    return duration if during is None else longest_stretch(during, duration)
