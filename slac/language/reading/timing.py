"""How long, how often, and at what times of the clock: what an audit says beside its conditions."""

from __future__ import annotations

from slac.language.audit_decls import AfterDecl, BackoffDecl, FlappingDecl, ForDecl, ScheduleDecl
from slac.language.durations import format_duration, parse_duration
from slac.language.lasting import parse_lasting
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import duration, inner_span, unit
from slac.language.schedules import ScheduleText, parse_cron, parse_daily
from slac.language.yaml.nodes import Items, Mapping, Scalar
from slac.language.zones import parse_zone


def lasting(cursor: Cursor | None) -> ForDecl | None:
    """`for` of a state."""
    said = unit(cursor, parse_lasting)
    if cursor is None or said is None:
        return None
    return ForDecl(rows=said.rows, time_us=said.time_us, span=inner_span(cursor), path=cursor.path)


def after(cursor: Cursor | None) -> AfterDecl | None:
    """`after` of a state: one length of time, and the state that follows."""
    entry = next(iter(cursor.entries()), None) if cursor is not None else None
    if entry is None or entry.text is None:
        return None
    try:
        time = parse_duration(entry.name)
    except ValueError as error:
        entry.say("language/unit", str(error))
        return None
    if time == 0:
        entry.say("language/unit", "what follows at once needs no state before it", suggestion="write a longer time")
        return None
    return AfterDecl(time_us=time, to=entry.text, span=inner_span(entry), path=entry.path)


def stays(owner: Cursor) -> tuple[int | None, BackoffDecl | None]:
    """`report_every` of a state: the first interval, and how it grows where it does."""
    cursor = owner.get("report_every")
    if cursor is None or not isinstance(cursor.node, Mapping):
        return duration(owner, "report_every"), None
    first, longest = duration(cursor, "first"), duration(cursor, "max")
    factor = cursor.get("factor")
    value = factor.node.value if factor is not None and isinstance(factor.node, Scalar) else None
    if first is None or longest is None or not isinstance(value, int | float):
        return None, None
    if longest < first:
        cursor.say(
            "schema/bad-value",
            f'"max" is less than "first", which is {format_duration(first)}',
            suggestion="write the longest interval as `max`, and the shortest as `first`",
        )
    return first, BackoffDecl(factor=float(value), max_us=longest, span=cursor.key_span, path=cursor.path)


def schedules(cursor: Cursor | None) -> tuple[ScheduleDecl, ...]:
    """`report_at`: one time of the clock, or a list of them."""
    if cursor is None:
        return ()
    items = list(cursor.items()) if isinstance(cursor.node, Items) else [cursor]
    made = (_schedule(item) for item in items)
    return tuple(s for s in made if s is not None)


def flapping(cursor: Cursor | None) -> FlappingDecl | None:
    """`flapping` of an audit."""
    if cursor is None:
        return None
    changes, within = cursor.get("changes"), duration(cursor, "within")
    value = changes.node.value if changes is not None and isinstance(changes.node, Scalar) else None
    if not isinstance(value, int) or within is None:
        return None
    return FlappingDecl(changes=value, within_us=within, span=cursor.key_span, path=cursor.path)


def _schedule(cursor: Cursor) -> ScheduleDecl | None:
    if isinstance(cursor.node, Mapping):
        cron, zone = unit(cursor.get("cron"), parse_cron), unit(cursor.get("zone"), parse_zone)
        said = ScheduleText(cron, zone) if cron is not None and zone is not None else None
    else:
        said = unit(cursor, parse_daily)
    if said is None:
        return None
    return ScheduleDecl(cron=said.cron, zone=said.zone, span=cursor.node.span, path=cursor.path)
