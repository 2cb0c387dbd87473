"""From a pattern's tree back to text: what is printed parses to an equal tree, with no more brackets than it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import singledispatch
from typing import Final

from slac.language.patterns.lengths import length_text
from slac.language.patterns.tree import (
    And,
    AnyPattern,
    At,
    AtField,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Length,
    Not,
    Or,
    Repeat,
    Schedule,
    Text,
    While,
    Within,
)

_FOLLOWED, _OR, _AND, _UNTIL, _PREFIX, _GUARD, _ATOM = range(7)
_LEVELS: Final = {Followed: _FOLLOWED, Or: _OR, And: _AND, Repeat: _UNTIL, Within: _GUARD, While: _GUARD}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@singledispatch
def pattern_text(pattern: AnyPattern) -> str:
    """The pattern as one would write it."""
    raise NotImplementedError(type(pattern).__name__)


def _inner(pattern: AnyPattern, level: int) -> str:
    """The text of a part, in brackets where it binds less tightly than its place asks for."""
    own = _LEVELS.get(type(pattern), _PREFIX if isinstance(pattern, Every | Distinct | Not) else _ATOM)
    return pattern_text(pattern) if own >= level else f"({pattern_text(pattern)})"


def _prefixed(pattern: AnyPattern) -> str:
    """What stands behind a prefix: a plain repeat may, an `until` may not."""
    if isinstance(pattern, Repeat) and pattern.until is None:
        return pattern_text(pattern)
    return _inner(pattern, _PREFIX)


@pattern_text.register
def _(pattern: Atom) -> str:
    name = "" if pattern.name is None else f"{pattern.name}="
    conditions = ", ".join(c.sql for c in pattern.conditions)
    return f"{name}{pattern.stream}({conditions})" if conditions else f"{name}{pattern.stream}"


@pattern_text.register
def _(pattern: Every) -> str:
    return f"every {_prefixed(pattern.child)}"


@pattern_text.register
def _(pattern: Not) -> str:
    return f"not {_prefixed(pattern.child)}"


@pattern_text.register
def _(pattern: Distinct) -> str:
    forget = [] if pattern.forget is None else [length_text(pattern.forget)]
    return f"every-distinct({', '.join([*(k.sql for k in pattern.keys), *forget])}) {_prefixed(pattern.child)}"


@pattern_text.register
def _(pattern: And) -> str:
    return " and ".join(_inner(p, _UNTIL) for p in pattern.parts)


@pattern_text.register
def _(pattern: Or) -> str:
    return " or ".join(_inner(p, _AND) for p in pattern.parts)


@pattern_text.register
def _(pattern: Followed) -> str:
    arrow = "->" if pattern.at_most is None else f"-[{pattern.at_most}]>"
    return f"{_inner(pattern.left, _FOLLOWED)} {arrow} {_inner(pattern.right, _OR)}"


@pattern_text.register
def _(pattern: Repeat) -> str:
    if pattern.low is None and pattern.high is None and isinstance(pattern.child, Repeat) and pattern.child.until:
        child = pattern_text(pattern.child)
    else:
        child = _inner(pattern.child, _PREFIX)
    until = "" if pattern.until is None else f" until {_inner(pattern.until, _PREFIX)}"
    return f"{_bounds(pattern)}{child}{until}"


def _bounds(pattern: Repeat) -> str:
    low, high = (_count(b) for b in (pattern.low, pattern.high))
    if not low and not high:
        return ""
    return f"[{low}] " if pattern.low == pattern.high else f"[{low}:{high}] "


@pattern_text.register
def _(pattern: Within) -> str:
    child, length = _inner(pattern.child, _GUARD), length_text(pattern.length)
    if pattern.at_most is None:
        return f"{child} where timer:within({length})"
    return f"{child} where timer:withinmax({length}, {_count(pattern.at_most)})"


@pattern_text.register
def _(pattern: While) -> str:
    return f"{_inner(pattern.child, _GUARD)} while ({pattern.condition.sql})"


@pattern_text.register
def _(pattern: Interval) -> str:
    return f"timer:interval({length_text(pattern.length)})"


@pattern_text.register
def _(pattern: At) -> str:
    fields = [pattern.minute, pattern.hour, pattern.day, pattern.month, pattern.weekday, pattern.second]
    texts = [_field(f) for f in fields]
    texts += [f"'{pattern.zone}'", _field(pattern.millisecond), _field(pattern.microsecond)]
    return f"timer:at({', '.join(texts)})"


@pattern_text.register
def _(pattern: Schedule) -> str:
    named = {
        "date": None if pattern.date is None else f"'{(_EPOCH + timedelta(microseconds=pattern.date)).isoformat()}'",
        "period": None if pattern.period is None else _period(pattern.period),
        "repetitions": pattern.repetitions,
    }
    return f"timer:schedule({', '.join(f'{k}: {v}' for k, v in named.items() if v is not None)})"


def _period(length: Length) -> str:
    return length_text(length)


def _field(field: AtField) -> str:
    match field.special:
        case "lastweekday":
            return "lastweekday"
        case str(special):
            return " ".join([*map(str, field.values), special])
    items = [*map(str, field.values), *(f"{a}:{b}" for a, b in field.ranges)]
    items += [] if field.every is None else [f"*/{field.every}"]
    return "*" if not items else items[0] if len(items) == 1 else f"[{', '.join(items)}]"


def _count(bound: int | Text | None) -> str:
    match bound:
        case None:
            return ""
        case Text(sql=sql):
            return sql
        case _:
            return str(bound)
