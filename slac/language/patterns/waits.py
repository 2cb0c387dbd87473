"""Which parts of a pattern may hold events, or grow, without end; and which word of the document would end that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slac.language.patterns.tree import (
    And,
    AnyPattern,
    At,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Not,
    Or,
    Repeat,
    Schedule,
    While,
    Within,
)
from slac.language.patterns.walk import children

__all__ = ["Wait", "endless"]


@dataclass(frozen=True, slots=True)
class Wait:
    """A part that may wait for ever: what for, and whether `within` would end it (`limit` always does)."""

    pattern: AnyPattern
    why: str
    within_helps: bool = True


def endless(pattern: AnyPattern) -> Iterator[Wait]:
    """The parts that may wait for ever, in text order."""
    match pattern:
        case Followed(right=right) if not _ends(right):
            yield Wait(right, "once its left side has come, nothing says how long it waits")
        case And(parts=parts) if sum(not is_negative(p) for p in parts) > 1 and not _ends(pattern):
            yield Wait(pattern, "once one part has come, nothing says how long it waits for the others")
        case Repeat(low=low, until=until) if not (until is None and low == 1) and not _ends(pattern):
            yield Wait(pattern, "once the first has come, nothing says how long it gathers")
        case Distinct(forget=None):
            yield Wait(pattern, "it remembers every key that it has seen", within_helps=False)
        case Every(child=child) if _lingers(child):
            yield Wait(pattern, "with each match one more waits beside the one before", within_helps=False)
        case _:
            pass
    for child in children(pattern):
        yield from endless(child)


def is_negative(pattern: AnyPattern) -> bool:
    """Whether a pattern only says what must not come."""
    match pattern:
        case Not():
            return True
        case And(parts=parts):
            return all(map(is_negative, parts))
        case _:
            return False


def _ends(pattern: AnyPattern) -> bool:
    """Whether it is over some time after its start, whatever comes."""
    match pattern:
        case Within() | Interval() | At() | Schedule():
            return True
        case Atom() | Not() | Every() | Distinct():
            return False
        case And(parts=parts):
            positive = [p for p in parts if not is_negative(p)]
            return bool(positive) and all(map(_ends, positive))
        case Or(parts=parts):
            return all(map(_ends, parts)) or any(map(_fires, parts))
        case Followed(left=left, right=right):
            return _ends(left) and _ends(right)
        case Repeat(child=child, until=until):
            return _ends(child) if until is None else _fires(until)
        case While(child=child):
            return _ends(child)


def _fires(pattern: AnyPattern) -> bool:
    """Whether it surely has its last match some time after its start."""
    match pattern:
        case Interval() | At() | Schedule():
            return True
        case And(parts=parts):
            return all(map(_fires, parts))
        case Or(parts=parts):
            return any(map(_fires, parts))
        case Followed(left=left, right=right):
            return _fires(left) and _fires(right)
        case Repeat(child=child, until=until):
            return _fires(child if until is None else until)
        case _:
            return False


def _lingers(pattern: AnyPattern) -> bool:
    """Whether it stays behind its matches, even where `within` gives up what these have bound."""
    match pattern:
        case Every() | Distinct():
            return True
        case Or(parts=parts):
            return any(map(_lingers, parts))
        case And(parts=parts):
            return all(_lingers(p) for p in parts if not is_negative(p))
        case Followed(left=left):
            return _lingers(left)
        case While(child=child):
            return _lingers(child)
        case _:
            return False
